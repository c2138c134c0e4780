import { decide } from "../../../shared/access/decide.ts";
import { grantsOf } from "../../../shared/access/own-roles.ts";
import type { Principal } from "../../../shared/access/principal.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { membershipItem, type Organization, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { findHead } from "../../pipelines/public.ts";
import type { WaitingFor } from "../../runs/model.ts";
import { preparePipeline, type Starter, startOf } from "../../runs/public.ts";
import { limitsOf } from "../../usage/runs/public.ts";
import type { ScheduleDeps } from "../deps.ts";
import type { Schedule } from "../model.ts";

/** A run as it is about to be started. */
export interface Starting {
  readonly run: ReturnType<typeof startOf>["run"];
  readonly writes: Write[];
  readonly event: EventDraft;
}

/** Prepares the run of a schedule, with a place or in the queue (`withPlace`). @throws Problem where it cannot be started */
export async function prepare(
  table: TenantTable,
  { blobs }: Pick<ScheduleDeps, "blobs">,
  schedule: Schedule,
  input: Json,
  { organization, ...starter }: Omit<Starter, "plan"> & { readonly organization: Organization },
): Promise<(waiting_for?: WaitingFor) => Starting> {
  const { pipeline_id, metadata, labels, timeout_seconds, budget } = schedule;
  const head = await findHead(table, pipeline_id);
  if (head === undefined) throw new Problem("not_found", "The pipeline of the schedule is not there any more.");
  const wanted = {
    mode: "live",
    metadata,
    labels,
    input,
    timeout_seconds: timeout_seconds ?? undefined,
    budget: budget === null ? null : limitsOf(budget),
  } as const;
  const prepared = await preparePipeline({ table, blobs }, head, wanted, organization, starter.at);
  return (waiting_for) => {
    const started = startOf(table, { ...starter, plan: organization.plan }, prepared.wanted, waiting_for);
    return { ...started, writes: [prepared.check, ...started.writes] };
  };
}

/**
 * For whom the runs of a schedule act, by the rights that they have now.
 * @returns who, and the check that goes into the transaction: they are a member with this role still
 * @throws Problem `forbidden` where nobody may start it
 */
export async function ownerOf(
  table: TenantTable,
  organization: Organization,
  { owner_id }: Pick<Schedule, "owner_id">,
): Promise<{ readonly principal: Principal; readonly check: Write }> {
  if (owner_id === null) throw new Problem("forbidden", "Nobody owns the schedule. Whoever resumes it does.");
  const [user, membership] = await table.table.batch([
    table.table.of(PLATFORM).read(userItem, { id: owner_id }),
    table.read(membershipItem, { user_id: owner_id }),
  ]);
  if (user?.status !== "active" || membership?.status !== "active")
    throw new Problem("forbidden", "The owner of the schedule is no active member any more.");
  const { role } = membership;
  const lost = () =>
    new Problem("forbidden", "The owner of the schedule has lost the permission `pipelines:execute`.", {
      members: { permission: "pipelines:execute" },
    });
  if (!decide(await grantsOf(table.table, organization, role), "pipelines:execute").allowed) throw lost();
  const still = { equals: { status: "active", role } };
  return {
    principal: { type: "user", id: owner_id },
    check: table.writes.check(membershipItem, { user_id: owner_id }, still, lost),
  };
}
