import { eventWrites, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Change } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { telemetryEvents } from "../events.ts";
import { type DisabledReason, exportStates, type StoredExport } from "../model.ts";
import { switchedOff } from "../rules/outcome.ts";
import { type ExportHealth, ofExport, traceExportHealthItem, traceExportItem } from "../store.ts";

/** What a collector has taken. */
export interface Taken {
  readonly spans: number;
  readonly rejected: number;
  /** What it says of what it did not take. */
  readonly message: string | null;
}

/** Why it did not take a run. */
export interface Failed {
  readonly code: string;
  readonly message: string;
  readonly about: string;
}

/** Whose collector was told, by which setting, and of which trace. */
export interface Of {
  readonly organization: Organization;
  readonly stored: StoredExport;
  readonly trace_id: string;
}

class Refused extends Problem {
  constructor() {
    super("conflict", "It has been set anew or taken away, or has been failing before.");
  }
}

/** What comes of a setting is counted while that stands. @returns undefined where it does not */
async function count(
  table: TenantTable,
  stored: StoredExport,
  change: Change<ExportHealth>,
  also?: Condition,
): Promise<ExportHealth | undefined> {
  const when = also === undefined ? ofExport(stored) : { all: [ofExport(stored), also] };
  try {
    return await table.apply(
      traceExportHealthItem,
      table.writes.update(traceExportHealthItem, {}, change, when, () => new Refused()),
    );
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return undefined;
  }
}

/**
 * Counts what was taken. Failures before it are forgotten; what was rejected of it is shown as the last one.
 * @param of `whole`: nothing is left of it
 */
export async function recordTold(
  table: TenantTable,
  { stored }: Of,
  { spans, rejected, message }: Taken,
  { about, whole }: { readonly about: string; readonly whole: boolean },
  at: Date,
): Promise<void> {
  const part = { at: timestamp(at), code: "partly_rejected", message: message ?? "", about };
  await count(table, stored, {
    set: {
      consecutive_failures: 0,
      last_exported_at: timestamp(at),
      ...(rejected === 0 && message === null ? {} : { last_error: part }),
    },
    remove: ["failing_since", "not_before"],
    add: { exported: whole ? 1 : 0, exported_spans: spans, rejected_spans: rejected },
  });
}

/**
 * Shows why a run was not taken, and switches off what has failed for too long. Since when it fails is said by the first of
 * failures side by side.
 * @param taken what was taken of it before
 * @param then `over`: nobody is told of it any more, so it is counted; `not_before`: when the collector may be able to listen again
 */
export async function recordFailed(
  table: TenantTable,
  of: Of,
  failed: Failed,
  { spans, rejected }: Taken,
  at: Date,
  { over, not_before }: { readonly over: boolean; readonly not_before?: Date },
): Promise<void> {
  const now = timestamp(at);
  const set = {
    last_error: { ...failed, at: now },
    ...(not_before === undefined ? {} : { not_before: timestamp(not_before) }),
  };
  const change: Change<ExportHealth> = {
    set,
    add: { exported_spans: spans, rejected_spans: rejected, ...(over ? { failed: 1, consecutive_failures: 1 } : {}) },
    ...(not_before === undefined ? { remove: ["not_before"] } : {}),
  };
  const health =
    (await count(
      table,
      of.stored,
      { ...change, set: { ...set, failing_since: now } },
      { absent: ["failing_since"] },
    )) ?? (await count(table, of.stored, change));
  if (health === undefined) return;
  const reason = switchedOff(health, at.getTime());
  if (reason !== undefined) await switchOff(table, of, { reason, ...health }, at);
}

class Changed extends Problem {
  constructor() {
    super("conflict", "It has been set anew, or switched off.");
  }
}

async function switchOff(
  table: TenantTable,
  { organization, stored, trace_id }: Of,
  { reason, consecutive_failures }: { readonly reason: DisabledReason; readonly consecutive_failures: number },
  at: Date,
): Promise<void> {
  const { audit_days } = retentionOf(organization);
  const now = timestamp(at);
  const told = draft(
    telemetryEvents,
    "trace_export.auto_disabled",
    { id: table.tenant },
    { reason, consecutive_failures },
    { changes: [{ field: "status", old: "active", new: "disabled" }], reason },
  );
  const off = table.writes.update(
    traceExportItem,
    {},
    { set: { status: "disabled", disabled_reason: reason, disabled_at: now, updated_at: now, etag: newEtag(at) } },
    { equals: { etag: stored.etag }, one_of: { status: exportStates.from("disabled") } },
    () => new Changed(),
  );
  const context = systemContext(table.tenant, "trace_export", at, audit_days, trace_id);
  try {
    await table.transact([off, ...eventWrites(table.table, context, [told])]);
  } catch (error) {
    if (!(error instanceof Changed)) throw error;
  }
}
