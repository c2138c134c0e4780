import { readRules } from "../../../shared/access/bundle.ts";
import type { AuditEntry } from "../../../shared/change/items.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Page, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import { pageOfAll } from "../../audit/public.ts";
import type { PolicyDeps } from "../deps.ts";
import { askedFor } from "../rules/asked.ts";
import { bundleOf } from "../store.ts";
import { inPlace, saying } from "../trials/loading.ts";
import { readsThings } from "../trials/resources.ts";
import { Lookups } from "./lookups.ts";
import { DAYS, MOST_CHANGES, MOST_ENTRIES } from "./model.ts";
import type { replayOperations } from "./operations.ts";
import { Changes } from "./rules/changes.ts";
import { decided, type Found, type Unknown } from "./rules/decided.ts";
import { type Recorded, recordedOf } from "./rules/recorded.ts";

type Ops = typeof replayOperations;
type ReplayCall = Call<Ops["replay"]>;

/** Entries that are read at once, and requests that are looked up at once. */
const PAGE = 100;

export const replay: Handler<Ops["replay"], PolicyDeps> = async (call, { table }) => {
  const stored = await call.load();
  requireAlso(call, "audit:read", "What is replayed");
  requireAlso(call, "users:read", "Who asked");
  for (const permission of readsThings) requireAlso(call, permission, "What was asked about");
  const tenant = table.of(call.caller.organization.id);
  const policy = await saying(stored, call.body.version, tenant, "version");
  const present = bundleOf(await readRules(tenant));
  const [before, after] = [compilePolicies(present), compilePolicies(inPlace(present, policy))];
  const { recorded, from, to, complete } = await recordedIn(call, tenant);
  const lookups = new Lookups(table, call);
  const changes = new Changes();
  const unknown: Record<Unknown, number> = { not_recorded: 0, not_there: 0 };
  let requests = 0;
  for (let next = 0; next < recorded.length; next += PAGE) {
    const some = recorded.slice(next, next + PAGE);
    const looked = await Promise.all(some.map((one) => foundOf(one, lookups)));
    for (const [i, one] of some.entries()) {
      const request = looked[i];
      if (request === undefined) continue;
      const was = typeof request === "string" ? request : decided(before, request);
      const would = typeof request === "string" ? request : decided(after, request);
      if (typeof was === "string") unknown[was]++;
      else if (typeof would === "string") unknown[would]++;
      else {
        requests++;
        changes.add(one, was, would);
      }
    }
  }
  const found = changes.inOrder();
  return {
    policy_id: policy.id,
    version: policy.version,
    ...{ from, to, requests, unknown },
    complete: complete && found.length <= MOST_CHANGES,
    changes: found.slice(0, MOST_CHANGES),
  };
};

/** The requests of a time, newest first, each once whatever it has left; and back to when they are looked at. */
async function recordedIn({ body, caller, at }: ReplayCall, tenant: TenantTable) {
  const to = body.to ?? timestamp(at);
  const range = { from: body.from ?? timestamp(addDays(new Date(to), -DAYS)), to };
  const recorded = new Map<string, Recorded>();
  let looked = 0;
  let cursor: string | undefined;
  do {
    const page: Page<AuditEntry> = await pageOfAll(tenant, caller.organization, { ...range, limit: PAGE, cursor }, at);
    for (const entry of page.items) {
      const one = recordedOf(entry);
      if (one !== undefined) recorded.set(entry.request?.id ?? entry.id, one);
    }
    looked += page.items.length;
    const last = page.items.at(-1);
    if (page.next_cursor !== null && looked >= MOST_ENTRIES && last !== undefined)
      return { recorded: [...recorded.values()], from: last.occurred_at, to, complete: false };
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return { recorded: [...recorded.values()], ...range, complete: true };
}

/** What a request was, with who asked and what about. Undefined for what no policies are asked of. */
async function foundOf({ operation, actor, ids, context, at }: Recorded, lookups: Lookups) {
  if (operation === undefined) return "not_recorded" satisfies Unknown;
  const thing = await lookups.thing(ids);
  const asked = askedFor(operation, thing?.type);
  if (asked === undefined) return undefined;
  const principal = await lookups.principal(actor);
  if (principal === undefined) return "not_there" satisfies Unknown;
  const request: Found = {
    ...{ asks: asked.asks, principal, at },
    ...{ type: thing?.type, resource: thing?.fields ?? {} },
    context: { ...context, operation },
  };
  return request;
}
