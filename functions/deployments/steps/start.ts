import { mayStill } from "../../../shared/access/standing.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { SecretError } from "../../../shared/secrets/index.ts";
import { type AgentSnapshot, holdAgent, loadSnapshot } from "../../agents/public.ts";
import { areSearched } from "../../agents/retrieval/deciding/public.ts";
import { shownConfig } from "../../agents/tools/public.ts";
import type { Gateway } from "../../gateways/model.ts";
import { gatewayItem } from "../../gateways/public.ts";
import type { WorkDeps } from "../deps.ts";
import { serve } from "../endpoints/serve.ts";
import { urlOf } from "../endpoints/view.ts";
import { about, deploymentEvents, ref } from "../events.ts";
import { describe, register } from "../protocol/client.ts";
import { endpointOf } from "../rules/answers.ts";
import { MOST_BUNDLE_BYTES, type Packed, pack } from "../rules/bundle.ts";
import { type FailureCode, failure, MOST_DEPLOY_TRIES, PASSING, pauseAfter } from "../rules/failures.ts";
import { type Sealed, seal } from "../sealing/seal.ts";
import { deploymentDue, deploymentItem, type StoredDeployment, slotItem } from "../store.ts";
import { type Changed, changed, failed, moved, stopping } from "./changes.ts";
import type { Apply } from "./work.ts";

/** The way from `pending` to `active`, a step at a time: each can be done again, and leaves what it has found. */

/** The work begins. */
export const begin = (tenant: TenantTable, read: StoredDeployment, at: Date): Changed => {
  const entry = { event: "building", message: "What is deployed is put together." } as const;
  const { next, writes } = moved(tenant, read, "deploying", {}, entry, at);
  return { next, writes, events: [draft(deploymentEvents, "deployment.deploying", ref(next), about(next))] };
};

/** Has the gateway register it. @returns it as it is then, where there is more to do at once */
export async function registerStep(
  tenant: TenantTable,
  read: StoredDeployment,
  apply: Apply,
  deps: WorkDeps,
): Promise<StoredDeployment | undefined> {
  const now = () => deps.clock.now();
  const gateway = await activeGateway(tenant, read);
  if (gateway === undefined) return apply(failed(tenant, read, failure("gateway_gone"), now()));
  const packed = await packedOf(tenant, read, gateway, deps);
  if (typeof packed === "string") return apply(failed(tenant, read, failure(packed), now()));
  const { digest } = packed;
  // Kept before it is sent: what may have been registered from here on has to be taken away.
  const entry = { event: "registering", message: `The gateway is asked to serve ${digest}.` } as const;
  const sending = await apply({ ...changed(tenant, read, { digest }, entry, now()), events: [] });
  if (sending === undefined) return undefined;
  const sealed = await sealedFor(tenant, gateway, sending, packed, deps);
  if (sealed === "secrets_unreadable") return apply(failed(tenant, sending, failure(sealed), now()));
  const answer = await register(gateway, sending, packed, sealed, deps);
  if (!answer.ok)
    return retry(tenant, sending, answer.code, apply, deps, PASSING.has(answer.code) ? "stopping" : "failed");
  const { id: registration_id, endpoint } = answer;
  const endpoint_url =
    gateway.kind === "built_in"
      ? urlOf(gateway, read.target_id)
      : endpointOf(gateway.api_url, registration_id, endpoint);
  const said = { event: "registered", message: "The gateway has registered it." } as const;
  const verifying = moved(tenant, sending, "verifying", { registration_id, endpoint_url }, said, now());
  const next = await apply({ ...verifying, events: [] });
  if (next === undefined) await remember(tenant, read.id, registration_id, now());
  return next;
}

/** What came of a registration that somebody has stopped meanwhile: it is what has to be taken away. */
async function remember(tenant: TenantTable, id: string, registration_id: string, at: Date): Promise<void> {
  const now = await tenant.get(deploymentItem, { id });
  if (now?.status !== "stopping" || now.registration_id !== null) return;
  const { writes } = changed(tenant, now, { registration_id, claimed_until: timestamp(at) }, undefined, at);
  await tenant.transact([...writes, deploymentDue.set(tenant, id, at)]);
}

/** Asks the gateway what it serves, and activates exactly that. */
export async function verifyStep(
  tenant: TenantTable,
  organization: Organization,
  read: StoredDeployment,
  apply: Apply,
  deps: WorkDeps,
): Promise<StoredDeployment | undefined> {
  const away = (code: FailureCode) =>
    apply(stopping(tenant, read, "failed", deps.clock.now(), { error: failure(code) }));
  const gateway = await activeGateway(tenant, read);
  if (gateway === undefined) return away("gateway_gone");
  const served = await describe(gateway, read.registration_id ?? "", deps);
  if (!served.ok) return retry(tenant, read, served.code, apply, deps, "stopping");
  if (served.digest !== read.digest) return away("digest_mismatch");
  if (!(await mayStill(tenant, organization, read.deployed_by, "deployments:create"))) return away("not_permitted");
  if (gateway.kind === "built_in") {
    // Active is what answers: what cannot be told to answer does not become it.
    const told = await serve(tenant, gateway, read, read.id, deps);
    if (!told.ok) return retry(tenant, read, told.code, apply, deps, "stopping");
  }
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const next = await apply(await activated(tenant, read, deps.clock.now()));
      if (next !== undefined) return next;
      // What it replaces has changed, unless it is this one that has.
      if ((await tenant.get(deploymentItem, { id: read.id }))?.etag !== read.etag) return undefined;
    }
    return undefined;
  } catch (error) {
    if (error instanceof Undeployable) return away("not_deployable");
    throw error;
  }
}

/** How often what it replaces may have changed. What is left then is taken up when the claim ends. */
const TRIES = 5;

/** The agent was archived while it was on its way. */
class Undeployable extends Problem {
  constructor() {
    super("conflict", "The agent is not active any more.");
  }
}

/** It takes the place of what was active: in one transaction, so that there is one of the two at any time. */
async function activated(tenant: TenantTable, read: StoredDeployment, at: Date): Promise<Changed> {
  const { id, gateway_id, target_id, drain_seconds } = read;
  const slot = await tenant.get(slotItem, { gateway_id, target_id });
  const before = slot?.active_id === undefined ? undefined : await tenant.get(deploymentItem, { id: slot.active_id });
  const replaces_id = before?.id ?? null;
  const entry = {
    event: "active",
    message: replaces_id === null ? "It is served." : `It is served in the place of ${replaces_id}.`,
  } as const;
  const { next, writes } = moved(tenant, read, "active", { deployed_at: timestamp(at), replaces_id }, entry, at);
  const unmoved = { equals: { starting_id: id, ...(replaces_id === null ? {} : { active_id: replaces_id }) } };
  const taken: Write = tenant.writes.update(
    slotItem,
    { gateway_id, target_id },
    { set: { active_id: id }, remove: ["starting_id"] },
    replaces_id === null ? { ...unmoved, absent: ["active_id"] } : unmoved,
    lostRace,
  );
  // Its place is taken by this one, so it leaves none.
  const gone = before && stopping(tenant, before, "superseded", at, { after_seconds: drain_seconds, keeps_slot: true });
  const user = { agent_id: target_id, user_kind: "deployment", user_id: id } as const;
  return {
    next,
    writes: [
      ...writes,
      taken,
      ...holdAgent(tenant.table, tenant.tenant, user, at, () => new Undeployable()),
      ...(gone?.writes ?? []),
      deploymentDue.clear(tenant, id),
    ],
    events: [
      draft(deploymentEvents, "deployment.active", ref(next), { ...about(next), replaces_id }),
      ...(gone?.events ?? []),
    ],
  };
}

/** What the gateway could not do: it is asked again, or given up. */
function retry(
  tenant: TenantTable,
  read: StoredDeployment,
  code: FailureCode,
  apply: Apply,
  deps: WorkDeps,
  end: "failed" | "stopping",
): Promise<StoredDeployment | undefined> {
  const at = deps.clock.now();
  const attempts = read.attempts + 1;
  const pause = PASSING.has(code) ? pauseAfter(attempts, MOST_DEPLOY_TRIES) : undefined;
  const error = failure(code);
  if (pause !== undefined) return again(tenant, read, { attempts, pause, message: error.message }, apply, at);
  return apply(end === "failed" ? failed(tenant, read, error, at) : stopping(tenant, read, "failed", at, { error }));
}

/** The same step once more, after a while. */
export async function again(
  tenant: TenantTable,
  read: StoredDeployment,
  { attempts, pause, message }: { readonly attempts: number; readonly pause: number; readonly message: string },
  apply: Apply,
  at: Date,
): Promise<undefined> {
  const until = addSeconds(at, pause);
  const entry = { event: "retrying", message } as const;
  const { next, writes } = changed(tenant, read, { attempts, claimed_until: timestamp(until) }, entry, at);
  await apply({ next, writes: [...writes, deploymentDue.set(tenant, read.id, until)], events: [] });
}

async function activeGateway(tenant: TenantTable, { gateway_id }: StoredDeployment): Promise<Gateway | undefined> {
  const gateway = await tenant.get(gatewayItem, { id: gateway_id });
  return gateway?.admin_state === "active" ? gateway : undefined;
}

/** What is deployed, with its knowledge; or why it cannot be. */
export async function packedOf(
  tenant: TenantTable,
  { target_id, version }: StoredDeployment,
  { kind }: Pick<Gateway, "kind">,
  { blobs }: Pick<WorkDeps, "blobs">,
): Promise<PackedVersion | "too_large" | "knowledge_searched" | "not_deployable"> {
  let snapshot: Awaited<ReturnType<typeof loadSnapshot>>;
  try {
    snapshot = await loadSnapshot(tenant.table, blobs, tenant.tenant, target_id, version);
  } catch (error) {
    if (error instanceof Problem && error.code === "not_found") return "not_deployable";
    throw error;
  }
  if (kind === "built_in" && areSearched(snapshot.definition.retrieval, snapshot.contexts)) return "knowledge_searched";
  const texts = new Map<string, string>();
  let bytes = 0;
  for (const { id, is_active, status, content } of snapshot.contexts) {
    if (!is_active || status !== "ready") continue;
    const text = content === null ? "" : await blobs.load(content);
    bytes += Buffer.byteLength(text);
    if (bytes > MOST_BUNDLE_BYTES) return "too_large";
    texts.set(id, text);
  }
  const packed = pack(snapshot, texts, shownConfig);
  return packed.bytes > MOST_BUNDLE_BYTES ? "too_large" : { ...packed, snapshot };
}

/** What is deployed, with the version that it was put together from. */
interface PackedVersion extends Packed {
  readonly snapshot: AgentSnapshot;
}

/** What goes with it to the built-in data plane; nothing to servers of customers', which have secrets of their own. */
async function sealedFor(
  tenant: TenantTable,
  { kind }: Pick<Gateway, "kind">,
  read: StoredDeployment,
  { snapshot, digest }: PackedVersion,
  deps: WorkDeps,
): Promise<Sealed | "secrets_unreadable" | undefined> {
  if (kind !== "built_in") return undefined;
  try {
    return await seal(tenant, read, snapshot, digest, deps);
  } catch (error) {
    if (error instanceof SecretError && error.code === "unreadable") return "secrets_unreadable";
    throw error;
  }
}
