import { draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { newId } from "../../../shared/ids.ts";
import { takeRandom } from "../../../shared/random.ts";
import type { Gateway } from "../../gateways/model.ts";
import { gatewayItem } from "../../gateways/public.ts";
import { MOST_KEYS, servingKeys } from "../../serving/public.ts";
import type { DeploymentDeps } from "../deps.ts";
import { deploymentEvents, ref } from "../events.ts";
import { endpointItem, type StoredDeployment } from "../store.ts";
import type { EndpointKey, StoredEndpoint } from "./model.ts";
import type { operations } from "./operations.ts";
import { changing, tell } from "./telling.ts";
import { viewOf } from "./view.ts";

type Ops = typeof operations;
type OnEndpoint =
  | Call<Ops["getEndpoint"]>
  | Call<Ops["updateEndpoint"]>
  | Call<Ops["createKey"]>
  | Call<Ops["revokeKey"]>;

interface Found {
  readonly deployment: StoredDeployment;
  readonly endpoint: StoredEndpoint;
  readonly gateway: Gateway;
}

/** The endpoint of a deployment. @throws Problem `conflict` where its gateway is a server of the customer's, which has its own */
async function endpointOf(
  call: OnEndpoint,
  { table }: DeploymentDeps,
  how?: { readonly fresh: boolean },
): Promise<Found> {
  const deployment = await call.load(how);
  const { gateway_id, target_id } = deployment;
  const tenant = table.of(call.context.tenant);
  const [endpoint, gateway] = await table.batch([
    tenant.read(endpointItem, { gateway_id, target_id }),
    tenant.read(gatewayItem, { id: gateway_id }),
  ]);
  if (gateway === undefined)
    throw new Problem("conflict", "Its gateway has been deleted.", { members: { state: "deleted" } });
  if (endpoint === undefined)
    throw new Problem("conflict", "Its gateway is a server of yours: who may ask it is known there.", {
      members: { state: gateway.kind },
    });
  return { deployment, endpoint, gateway };
}

export const getEndpoint: Handler<Ops["getEndpoint"], DeploymentDeps> = async (call, deps) => {
  const { endpoint, gateway } = await endpointOf(call, deps);
  return viewOf(endpoint, gateway);
};

export const updateEndpoint: Handler<Ops["updateEndpoint"], DeploymentDeps> = (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const found = await endpointOf(call, deps, how);
    const { endpoint, gateway, deployment } = found;
    requireMatch(call.if_match, endpoint.etag);
    const { channels = {}, ...rest } = call.body;
    const fields = { ...given(rest), channels: { ...endpoint.channels, ...given(channels) } };
    const tenant = deps.table.of(call.context.tenant);
    const { next, writes } = changing(tenant, endpoint, fields, call.at);
    const changed_fields = Object.keys(call.body);
    const data = { ...aboutEndpoint(deployment), changed_fields };
    await call.commit(
      { writes, events: [draft(deploymentEvents, "deployment.endpoint_updated", ref(deployment), data)] },
      viewOf(next, gateway),
    );
    return viewOf(await toldNow(call, found, next, deps), gateway);
  });

export const createKey: Handler<Ops["createKey"], DeploymentDeps> = async (call, deps) => {
  const { body, at, context } = call;
  const tenant = deps.table.of(context.tenant);
  const id = newId("deployment_key", at);
  const text = servingKeys.text({ organization_id: context.tenant, id }, takeRandom(32).toString("base64url"));
  const expires_at = body.expires_at === undefined ? null : timestamp(new Date(body.expires_at));
  if (expires_at !== null && expires_at <= timestamp(at))
    throw invalid([{ path: "expires_at", message: "is over already" }]);
  const key: EndpointKey = {
    id,
    name: body.name,
    hash: servingKeys.hashOf(text),
    created_by: context.actor.id,
    created_at: timestamp(at),
    expires_at,
    revoked_at: null,
  };
  return updateWithRetry(undefined, async (how) => {
    const found = await endpointOf(call, deps, how);
    const { endpoint, deployment } = found;
    if (endpoint.keys.length >= MOST_KEYS)
      throw new Problem("conflict", `An endpoint has ${MOST_KEYS} keys at most. Withdraw one first.`, {
        members: { state: "full", limit: MOST_KEYS },
      });
    const { next, writes } = changing(tenant, endpoint, { keys: [...endpoint.keys, key] }, at);
    const data = { ...aboutEndpoint(deployment), key_id: id, name: body.name };
    const made = { ...key, key: text };
    await call.commit(
      {
        writes: [call.stillPermitted(), ...writes],
        events: [draft(deploymentEvents, "deployment.key_created", ref(deployment), data)],
      },
      made,
    );
    // Where it cannot be told now it is told later, which the endpoint's `in_sync` says.
    await toldNow(call, found, next, deps);
    return made;
  });
};

/** Counts nowhere as soon as the answer is there: where the data plane cannot be told now, that is what the answer says. */
export const revokeKey: Handler<Ops["revokeKey"], DeploymentDeps> = (call, deps) =>
  updateWithRetry(undefined, async (how) => {
    const found = await endpointOf(call, deps, how);
    const { endpoint, deployment } = found;
    const { key_id } = call.path;
    const key = endpoint.keys.find(({ id }) => id === key_id);
    if (key === undefined) throw notFound();
    const tenant = deps.table.of(call.context.tenant);
    let next = endpoint;
    // Withdrawn before, when the data plane could not be told: it is told again, and nothing has happened anew.
    if (key.revoked_at === null) {
      const revoked_at = timestamp(call.at);
      const keys = endpoint.keys.map((one) => (one.id === key_id ? { ...one, revoked_at } : one));
      const change = changing(tenant, endpoint, { keys }, call.at);
      const data = { ...aboutEndpoint(deployment), key_id, name: key.name };
      const event = draft(deploymentEvents, "deployment.key_revoked", ref(deployment), data);
      await call.commit({ writes: change.writes, events: [event] }, undefined);
      next = change.next;
    }
    const told = await toldNow(call, found, next, deps);
    if (told.told_revision < next.revision)
      throw new Problem(
        "service_unavailable",
        "The key is withdrawn here, and the data plane does not answer right now: it may still take the key. It is told as soon as it answers; do this again to see whether it has been.",
        { headers: { "retry-after": "5" } },
      );
    return undefined;
  });

const aboutEndpoint = ({ id, target_id, gateway_id, environment }: StoredDeployment) => ({
  deployment_id: id,
  target_id,
  gateway_id,
  environment,
});

/** Tells the data plane at once, so that what was changed counts with the answer; where it cannot be, it is due. */
async function toldNow(
  { context }: OnEndpoint,
  { gateway }: Found,
  next: StoredEndpoint,
  deps: DeploymentDeps,
): Promise<StoredEndpoint> {
  const said = await tell(deps.table.of(context.tenant), gateway, next, deps);
  return said.ok ? said.endpoint : next;
}
