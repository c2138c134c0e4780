import { principalKey } from "../../../shared/access/principal.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { addDays, retentionOf } from "../../../shared/limits/retention.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import { agentStates, USABLE_AGENT } from "../model.ts";
import type { operations } from "../operations.ts";
import { agentItem } from "../store.ts";
import { endThread } from "./ending.ts";
import { type StoredThread, threadItem, threadTurnItem } from "./store.ts";

type Ops = typeof operations;

export const createThread: Handler<Ops["createThread"], AgentDeps> = async (call, { table }) => {
  const { body, context, at, caller } = call;
  const agent = await call.load();
  const own = table.of(context.tenant);
  const kept_days = retentionOf(caller.organization).thread_days;
  const thread: StoredThread = {
    id: newId("thread", at),
    organization_id: context.tenant,
    agent_id: agent.id,
    owner_key: principalKey(caller.principal),
    title: body.title ?? null,
    turns: 0,
    bytes: 0,
    kept_days,
    last_turn_at: null,
    created_at: timestamp(at),
    expires_at: timestamp(addDays(at, kept_days)),
    etag: newEtag(at),
  };
  const usable = own.writes.check(agentItem, { id: agent.id }, { one_of: { status: USABLE_AGENT } }, (old) =>
    old === undefined ? notFound() : agentStates.refusal(old.status, USABLE_AGENT),
  );
  const named = { agent_id: agent.id, thread_id: thread.id };
  return call.commit(
    {
      writes: [usable, own.writes.create(threadItem, thread)],
      events: [draft(agentEvents, "agent.thread_created", { id: agent.id, name: agent.name }, named)],
    },
    thread,
  );
};

export const listThreads: Handler<Ops["listThreads"], AgentDeps> = async (call, { table }) => {
  const { id: agent_id } = await call.load();
  const of = { owner_key: principalKey(call.caller.principal), agent_id };
  return table.of(call.context.tenant).page(threadItem, { index: "gsi1", of, newest_first: true, ...call.query });
};

export const getThread: Handler<Ops["getThread"], AgentDeps> = (call) => call.load();

export const listTurns: Handler<Ops["listTurns"], AgentDeps> = async (call, { table, blobs }) => {
  const { id: thread_id } = await call.load();
  const of = { thread_id };
  const page = await table.of(call.context.tenant).page(threadTurnItem, { of, newest_first: true, ...call.query });
  const items = page.items.map(async (turn) => ({
    ...turn,
    message: await blobs.load(turn.message),
    answer: await blobs.load(turn.answer),
  }));
  return { ...page, items: await Promise.all(items) };
};

export const removeThread: Handler<Ops["removeThread"], AgentDeps> = async (call, { table }) => {
  return updateWithRetry(undefined, async (how) => {
    const thread = await call.load(how);
    return call.commit(endThread(table.of(call.context.tenant), thread, call.at), undefined);
  });
};
