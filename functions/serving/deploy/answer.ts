import { createHash } from "node:crypto";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Files } from "../../../shared/blobs/files.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import type { SigningKey } from "../../../shared/signing/kms.ts";
import { isSignedBy } from "../../../shared/signing/public-key.ts";
import { modelProviderItem } from "../../models/public.ts";
import { type Answered, type Asked, registrationSchema, routed, toldSchema } from "../rules/protocol.ts";
import { servedAgentItem, servedEndpointItem, servedKeyItem } from "../store.ts";

export interface DeployDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "store">;
  readonly files: Pick<Files, "removeAll">;
  readonly clock: Clock;
  /** What deployments are signed with. */
  readonly signer: Pick<SigningKey, "public">;
}

const said = (status: number, body: Answered["body"] = null): Answered => ({ status, body });
const refused = (status: number, error: string): Answered => said(status, { error });

/** Answers the management plane. Throws only for a fault of ours, which whoever asks takes for one that passes. */
export async function answer(asked: Asked, deps: DeployDeps): Promise<Answered> {
  const route = routed(asked);
  if (route === undefined) return refused(404, "no such request");
  const tenant = deps.table.of(asked.organization_id);
  switch (route.name) {
    case "health":
      await tenant.get(servedAgentItem, { deployment_id: "none" });
      return said(200, { status: "ok" });
    case "register":
      return register(tenant, asked.body, deps);
    case "describe": {
      const served = await tenant.get(servedAgentItem, { deployment_id: route.id });
      return served === undefined ? refused(404, "not served") : said(200, { digest: served.statement.digest });
    }
    case "unregister":
      return unregister(tenant, route.id, deps);
    case "tell":
      return tell(tenant, route, asked.body);
    case "forget":
      return forget(tenant, route);
  }
}

/** Takes a deployment, if it is what was signed. The same one again changes nothing; the id is the deployment's. */
async function register(tenant: TenantTable, body: unknown, deps: DeployDeps): Promise<Answered> {
  const parsed = registrationSchema.safeParse(body);
  if (!parsed.success) return refused(422, "not a registration");
  const { deployment_id, bundle, digest, sealed } = parsed.data;
  const { statement, signature, secret_headers, providers } = sealed;
  const text = canonicalJson(bundle);
  const is = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const meant =
    statement.organization_id === tenant.tenant &&
    statement.deployment_id === deployment_id &&
    statement.digest === digest &&
    digest === is;
  if (!meant || !isSignedBy(await deps.signer.public(), canonicalJson(statement), signature))
    return refused(422, "not what was signed");
  const place = versionFiles(tenant.tenant, deployment_id);
  const kept = await deps.blobs.store(place, text);
  const registered_at = timestamp(deps.clock.now());
  await tenant.transact([
    tenant.writes.put(servedAgentItem, {
      deployment_id,
      statement,
      signature,
      bundle: kept,
      secret_headers,
      registered_at,
    }),
    ...providers.map((provider) => tenant.writes.put(modelProviderItem, modelProviderItem.schema.parse(provider))),
  ]);
  return said(201, { id: deployment_id });
}

async function unregister(tenant: TenantTable, deployment_id: string, { files }: DeployDeps): Promise<Answered> {
  const served = await tenant.get(servedAgentItem, { deployment_id });
  if (served === undefined) {
    // Whoever was at it before may have died before its files were gone.
    await files.removeAll(versionFiles(tenant.tenant, deployment_id));
    return refused(404, "not served");
  }
  const { gateway_id, target_id } = served.statement;
  const endpoint = await tenant.get(servedEndpointItem, { gateway_id, target_id });
  if (endpoint?.serves.some((one) => one.deployment_id === deployment_id) === true)
    return refused(409, "still served: tell the endpoint first");
  const seen = endpoint === undefined ? ({ exists: false } as const) : { equals: { revision: endpoint.revision } };
  await tenant.transact([
    tenant.writes.remove(servedAgentItem, { deployment_id }, {}),
    // What is told of the endpoint meanwhile may name it.
    tenant.writes.check(servedEndpointItem, { gateway_id, target_id }, seen, lostRace),
  ]);
  await files.removeAll(versionFiles(tenant.tenant, deployment_id));
  return said(204);
}

interface Place {
  readonly gateway_id: string;
  readonly target_id: string;
}

/** Forgets an endpoint with its keys, if nothing is served there. */
async function forget(tenant: TenantTable, { gateway_id, target_id }: Place): Promise<Answered> {
  const known = await tenant.get(servedEndpointItem, { gateway_id, target_id });
  if (known === undefined) return refused(404, "no such endpoint");
  if (known.serves.length > 0) return refused(409, "still served");
  const same = { equals: { revision: known.revision } };
  await tenant.transact([
    tenant.writes.remove(servedEndpointItem, { gateway_id, target_id }, same, lostRace),
    ...known.keys.map(({ id }) => tenant.writes.remove(servedKeyItem, { id }, {})),
  ]);
  return said(204);
}

/** Something later has been told already. */
class Older extends Problem {
  constructor() {
    super("conflict", "A later revision is known.");
  }
}

/** What it is to serve is not here. */
class Unregistered extends Problem {
  constructor() {
    super("conflict", "It is not registered.");
  }
}

/** Serves what it is told, unless something later was told before: then that goes on. */
async function tell(tenant: TenantTable, { gateway_id, target_id }: Place, body: unknown): Promise<Answered> {
  const key = { gateway_id, target_id };
  const parsed = toldSchema.safeParse({ ...(body as object), ...key });
  if (!parsed.success) return refused(422, "not an endpoint");
  const told = parsed.data;
  const { revision, serves, keys } = told;
  const before = await tenant.get(servedEndpointItem, key);
  const gone = (before?.keys ?? []).filter(({ id }) => !keys.some((one) => one.id === id));
  try {
    await tenant.transact([
      tenant.writes.update(
        servedEndpointItem,
        key,
        { set: { ...told } },
        { any: [{ absent: ["revision"] }, { below: { revision: revision + 1 } }] },
        () => new Older(),
      ),
      ...serves.map(({ deployment_id }) =>
        tenant.writes.check(servedAgentItem, { deployment_id }, { exists: true }, () => new Unregistered()),
      ),
      ...keys.map(({ id }) => tenant.writes.put(servedKeyItem, { id, ...key })),
      ...gone.map(({ id }) => tenant.writes.remove(servedKeyItem, { id }, {})),
    ]);
  } catch (error) {
    if (error instanceof Unregistered) return refused(409, "not registered");
    if (!(error instanceof Older)) throw error;
  }
  return said(200, { revision });
}
