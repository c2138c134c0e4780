import { changedFields, draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { type Issue, notFound, Problem } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { invalid } from "../../shared/http/parse.ts";
import { newEtag } from "../../shared/ids.ts";
import { headerProblem } from "../../shared/outbound/headers.ts";
import { newTrace, spanIdOf } from "../../shared/tracing/context.ts";
import { otlpSpan } from "../../shared/tracing/otlp.ts";
import type { TelemetryDeps } from "./deps.ts";
import { telemetryEvents } from "./events.ts";
import { collectorOf, send, unreadable } from "./exporting/send.ts";
import { type ExportInput, type StoredExport, viewOf } from "./model.ts";
import type { operations } from "./operations.ts";
import { movingIssues } from "./rules/moving.ts";
import { headerContext, traceExportHealthItem, traceExportItem } from "./store.ts";

type Ops = typeof operations;

const NOT_SHOWN = { omit: ["headers", "created_at"], conceal: ["endpoint"] };

export const get: Handler<Ops["get"], TelemetryDeps> = async (call, { table }) => {
  const own = table.of(call.context.tenant);
  const [stored, health] = await table.batch([own.read(traceExportItem, {}), own.read(traceExportHealthItem, {})]);
  if (stored === undefined) throw notFound();
  return viewOf(call, stored, health);
};

export const put: Handler<Ops["put"], TelemetryDeps> = async (call, deps) => {
  const { body, at } = call;
  const { tenant } = call.context;
  const own = deps.table.of(tenant);
  const endpoint = checkedUrl(body.endpoint, deps);
  const headers = await sealed(tenant, body.headers, deps);
  return updateWithRetry(call.if_match, async () => {
    const [read, health] = await deps.table.batch([own.read(traceExportItem, {}), own.read(traceExportHealthItem, {})]);
    if (call.if_match !== undefined) requireMatch(call.if_match, read?.etag ?? "");
    const moving = headers === undefined && read !== undefined ? movingIssues(read, endpoint) : [];
    if (moving.length > 0) throw invalid(moving);
    const next: StoredExport = {
      endpoint,
      headers: headers ?? read?.headers ?? [],
      sample_ratio: body.sample_ratio,
      status: body.enabled ? "active" : "paused",
      disabled_reason: null,
      disabled_at: null,
      created_at: read?.created_at ?? timestamp(at),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const changes = changedFields(read ?? {}, next, NOT_SHOWN);
    if (headers !== undefined) changes.push({ field: "headers" });
    const changed_fields = changes.map(({ field }) => field);
    const fresh = { ...health, consecutive_failures: 0, failing_since: undefined };
    return call.commit(
      {
        writes: [
          read === undefined
            ? own.writes.create(traceExportItem, next, lostRace)
            : own.writes.replace(traceExportItem, next, read.etag),
          own.writes.update(
            traceExportHealthItem,
            {},
            { set: { consecutive_failures: 0, of: next.etag }, remove: ["failing_since", "not_before"] },
            {},
          ),
        ],
        events: [draft(telemetryEvents, "trace_export.updated", { id: tenant }, { changed_fields }, { changes })],
      },
      viewOf(call, next, health === undefined ? undefined : { ...health, ...fresh }),
    );
  });
};

/** @throws Problem `unsafe_url` */
function checkedUrl(endpoint: string, { outbound }: TelemetryDeps): string {
  const checked = outbound.checkUrl(endpoint);
  if (checked.ok) return checked.url.href;
  const { message } = checked.error;
  throw new Problem("unsafe_url", message, { issues: [{ path: "endpoint", message }] });
}

/** Headers that the protocol sets. */
const OWN: readonly string[] = ["content-type", "content-encoding"];

async function sealed(
  tenant: string,
  headers: ExportInput["headers"],
  { secrets }: TelemetryDeps,
): Promise<StoredExport["headers"] | undefined> {
  if (headers === undefined) return undefined;
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const issues: Issue[] = lower.flatMap(([name, value], i) => {
    const twice = lower.findIndex(([other]) => other === name) < i ? "is there twice" : undefined;
    const message = OWN.includes(name) ? "is set by the protocol" : (headerProblem(name, value) ?? twice);
    return message === undefined ? [] : [{ path: `headers.${name}`, message }];
  });
  if (issues.length > 0) throw invalid(issues);
  return Promise.all(
    lower.map(async ([name, value]) => ({ name, sealed: await secrets.encrypt(value, headerContext(tenant, name)) })),
  );
}

export const remove: Handler<Ops["remove"], TelemetryDeps> = async (call, { table }) => {
  const own = table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async () => {
    const read = await own.get(traceExportItem, {});
    if (read === undefined) throw notFound();
    requireMatch(call.if_match, read.etag);
    return call.commit(
      {
        writes: [
          own.writes.remove(traceExportItem, {}, { equals: { etag: read.etag } }, () => lostRace()),
          own.writes.remove(traceExportHealthItem, {}, {}),
        ],
        events: [draft(telemetryEvents, "trace_export.deleted", { id: own.tenant }, {})],
      },
      undefined,
    );
  });
};

export const test: Handler<Ops["test"], TelemetryDeps> = async (call, { table, secrets, outbound, clock }) => {
  const { tenant } = call.context;
  const stored = await table.of(tenant).get(traceExportItem, {});
  if (stored === undefined) throw notFound();
  const collector = await collectorOf(tenant, stored, secrets);
  const began = clock.now();
  const now = timestamp(began);
  const trace = newTrace();
  const span = otlpSpan({
    ...trace,
    span_id: spanIdOf([trace.trace_id]),
    name: "kaizen.test",
    kind: "internal",
    started_at: now,
    finished_at: now,
    attributes: {},
    error: undefined,
  });
  const sent =
    collector === undefined ? unreadable : await send(collector, [span], { outbound, now_ms: began.getTime() });
  const { status, message } = sent;
  const ok = sent.kind === "taken" && sent.rejected === 0;
  const code = sent.kind === "taken" ? (ok ? null : "partly_rejected") : sent.code;
  const duration_ms = clock.now().getTime() - began.getTime();
  return { ok, status, code, message, duration_ms, trace_id: trace.trace_id };
};
