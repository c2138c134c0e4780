import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { agentStates, USABLE_AGENT } from "../../agents/model.ts";
import { agentItem } from "../../agents/public.ts";
import { pipelineStates, USABLE_PIPELINE } from "../../pipelines/model.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import type { SuiteDeps } from "../deps.ts";
import { suiteEvents } from "../events.ts";
import type { Suite, TargetKind } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireOn } from "../rights/require.ts";
import { aboutSuite } from "../rules/about.ts";
import { suiteItem } from "../store.ts";
import { suiteRemoval } from "./removal.ts";

type Ops = typeof operations;

export const createOfPipeline: Handler<Ops["createOfPipeline"], SuiteDeps> = (call, { table }) => {
  const own = table.of(call.context.tenant);
  const id = call.path.pipeline_id;
  const usable = own.writes.check(pipelineItem, { id }, { one_of: { status: USABLE_PIPELINE } }, (old) =>
    old === undefined ? notFound() : pipelineStates.refusal(old.status, USABLE_PIPELINE),
  );
  return create(call, own, { kind: "pipeline", target_id: id }, usable);
};

export const createOfAgent: Handler<Ops["createOfAgent"], SuiteDeps> = (call, { table }) => {
  const own = table.of(call.context.tenant);
  const id = call.path.agent_id;
  const usable = own.writes.check(agentItem, { id }, { one_of: { status: USABLE_AGENT } }, (old) =>
    old === undefined ? notFound() : agentStates.refusal(old.status, USABLE_AGENT),
  );
  return create(call, own, { kind: "agent", target_id: id }, usable);
};

async function create(
  call: Pick<Call<Ops["createOfPipeline"]>, "body" | "context" | "caller" | "at" | "commit"> & {
    load(): Promise<unknown>;
  },
  own: TenantTable,
  target: { readonly kind: TargetKind; readonly target_id: string },
  usable: Write,
) {
  await call.load();
  const { context, at } = call;
  const now = timestamp(at);
  const suite: Suite = {
    ...target,
    ...call.body,
    id: newId("suite", at),
    organization_id: context.tenant,
    cases: 0,
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  return call.commit(
    {
      writes: [takeQuota(own, call.caller.organization.plan, "suites"), usable, own.writes.create(suiteItem, suite)],
      events: [draft(suiteEvents, "suite.created", suite, aboutSuite(suite))],
    },
    suite,
  );
}

export const listOfPipeline: Handler<Ops["listOfPipeline"], SuiteDeps> = async (call, { table }) => {
  await call.load();
  const of = { target_id: call.path.pipeline_id };
  return table.of(call.context.tenant).page(suiteItem, { ...call.query, index: "gsi1", of });
};

export const listOfAgent: Handler<Ops["listOfAgent"], SuiteDeps> = async (call, { table }) => {
  await call.load();
  const of = { target_id: call.path.agent_id };
  return table.of(call.context.tenant).page(suiteItem, { ...call.query, index: "gsi1", of });
};

export const get: Handler<Ops["get"], SuiteDeps> = async (call) => {
  const suite = await call.load();
  requireOn(call, suite.kind, "read");
  return suite;
};

export const update: Handler<Ops["update"], SuiteDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const own = table.of(call.context.tenant);
    const suite = await call.load(how);
    requireOn(call, suite.kind, "update");
    requireMatch(call.if_match, suite.etag);
    const set = { ...given(call.body), updated_at: timestamp(call.at), etag: newEtag(call.at) };
    const next: Suite = { ...suite, ...set };
    const changes = changedFields(suite, next);
    const data = { ...aboutSuite(next), changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        // Not the whole item: cases are counted in it at the same time.
        writes: [
          own.writes.update(suiteItem, { id: suite.id }, { set }, { equals: { etag: suite.etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
        ],
        events: [draft(suiteEvents, "suite.updated", next, data, { changes })],
      },
      next,
    );
  });

/** The suite goes at once; its cases, jobs and pass rates follow, brought about by the event. */
export const remove: Handler<Ops["remove"], SuiteDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const own = table.of(call.context.tenant);
    const suite = await call.load(how);
    requireOn(call, suite.kind, "update");
    requireMatch(call.if_match, suite.etag);
    return call.commit(
      { writes: suiteRemoval(own, suite), events: [draft(suiteEvents, "suite.deleted", suite, aboutSuite(suite))] },
      undefined,
    );
  });
