import { createHash } from "node:crypto";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { POLICY } from "../../pipelines/drawing/public.ts";
import type { RunReads } from "../deps.ts";
import { stepOf } from "../log/views.ts";
import type { LoadedRun } from "../store.ts";
import { attemptsOf } from "./attempts.ts";
import type { timelineOperations } from "./operations.ts";
import { durationText, timelineSvg } from "./rules/svg.ts";
import { type Timeline, timelineOf } from "./rules/timeline.ts";

type Ops = typeof timelineOperations;

async function read(table: TenantTable, { run }: LoadedRun, now: Date): Promise<Timeline> {
  const attempts = await attemptsOf(table, run.id);
  return timelineOf(
    attempts.map((step) => stepOf(step, run)),
    run,
    now,
  );
}

export const timeline: Handler<Ops["timeline"], RunReads> = async (call, deps) =>
  read(deps.table.of(call.context.tenant), await call.load(), call.at);

export const drawTimeline: Handler<Ops["drawTimeline"], RunReads> = async (call, deps) => {
  const loaded = await call.load();
  const data = await read(deps.table.of(call.context.tenant), loaded, call.at);
  const { steps, cost_usd_micros } = loaded.state;
  const dollars = (cost_usd_micros / 1_000_000).toFixed(cost_usd_micros < 10_000 ? 4 : 2);
  const caption = `${data.status} · ${durationText(data.total_ms)} · ${steps} steps · ${dollars} USD`;
  const content = timelineSvg(data, { title: data.run_id, caption }, call.query.theme);
  const tag = createHash("sha256").update(content).digest("hex").slice(0, 32);
  const content_type = "image/svg+xml; charset=utf-8" as const;
  const headers = { etag: `"${tag}"`, "cache-control": "private, no-cache", "content-security-policy": POLICY };
  const has = call.if_none_match === "*" || call.if_none_match?.includes(tag) === true;
  return has ? { content_type, content: "", unchanged: true, headers } : { content_type, content, headers };
};
