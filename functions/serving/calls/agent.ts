import { createHash } from "node:crypto";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { trusted } from "../../../shared/bounded/trusted.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import { Memo } from "../../../shared/expressions/memo.ts";
import type { SigningKey } from "../../../shared/signing/kms.ts";
import { isSignedBy } from "../../../shared/signing/public-key.ts";
import { type AgentSnapshot, snapshotContentSchema } from "../../agents/public.ts";
import { contentOf } from "../rules/content.ts";
import type { ServedAgent } from "../store.ts";

export interface AgentDeps {
  readonly blobs: Pick<Blobs, "load">;
  /** What deployments are signed with. */
  readonly signer: Pick<SigningKey, "public">;
}

/** What is stored is not what was signed: somebody has changed the table or the files. */
export class Tampered extends Error {
  constructor(deployment_id: string) {
    super(`${deployment_id} is not what was signed`);
    this.name = "Tampered";
  }
}

/** Agents that this instance has lately served. They never change, and each is some megabytes at most. */
const lately = new Memo<Promise<AgentSnapshot>>(8);

/**
 * The agent of a deployment, as it was signed: the digest is worked out from what is stored, and the signature is looked at.
 * @throws Tampered
 */
export function agentOf(served: ServedAgent, deps: AgentDeps): Promise<AgentSnapshot> {
  const name = `${served.deployment_id} ${served.registered_at}`;
  const loading = lately.get(name, () => load(served, deps));
  loading.catch(() => lately.forget(name));
  return loading;
}

async function load(
  { statement, signature, bundle, secret_headers, deployment_id }: ServedAgent,
  { blobs, signer }: AgentDeps,
): Promise<AgentSnapshot> {
  const [text, key] = await Promise.all([blobs.load(bundle), signer.public()]);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  if (digest !== statement.digest || !isSignedBy(key, canonicalJson(statement), signature))
    throw new Tampered(deployment_id);
  const content = trusted(() => snapshotContentSchema.parse(contentOf(JSON.parse(text), secret_headers)));
  return {
    ...content,
    organization_id: statement.organization_id,
    agent_id: statement.target_id,
    version: statement.version,
  };
}
