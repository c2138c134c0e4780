import type { Clock } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { compileMapping } from "../../../shared/expressions/mapping.ts";
import { compileTemplate } from "../../../shared/expressions/template.ts";
import { cutText } from "../../../shared/text.ts";
import { type Approval, approvalItem, masked, requestApproval } from "../../approvals/public.ts";
import { APPROVED, type GraphNode, REJECTED } from "../../pipelines/graph/public.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import { type StoredRun, storeJson } from "../store.ts";
import type { DynamoRunStore } from "./dynamo-store.ts";
import type { Walkable } from "./load.ts";
import type { AttemptResult, Parked } from "./rules/outcome.ts";
import { edgeAt, type PlanNode } from "./rules/plan.ts";
import type { Waiting } from "./rules/store.ts";
import type { WorkDeps } from "./work-deps.ts";

interface ApprovalTask {
  readonly step: Extract<GraphNode, { kind: "approval" }>;
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  readonly table: TenantTable;
  readonly run: StoredRun;
  readonly walk: Walkable;
  readonly store: Pick<DynamoRunStore, "waits">;
}

const failed = (code: string, message: string): AttemptResult => ({
  ok: false,
  error: { code, message },
  retryable: false,
});

/** Asks people when it begins; when it is woken, looks what they have said. */
export async function workApproval(
  task: ApprovalTask,
  wait: Waiting | undefined,
  deps: Pick<WorkDeps, "blobs"> & { readonly clock: Clock },
): Promise<AttemptResult | Parked> {
  if (wait === undefined) return ask(task, deps);
  const { table, node, attempt, store } = task;
  const { approval_id: id } = wait;
  const approval = id == null ? undefined : await table.get(approvalItem, { id });
  if (approval === undefined) return failed("approval_missing", "The approval that it waited for is gone.");
  if (approval.status !== "pending") return answered(task, approval);
  store.waits(node, attempt, waitsFor(node, approval));
  return { parked: true };
}

/** Woken when its time is over, should nobody do it before; who decides wakes it at once. */
const waitsFor = (node: PlanNode, { id, expires_at, required }: Approval) =>
  ({
    waits_for: "approval",
    approval_id: id,
    until: new Date(expires_at),
    message: `${node.id} waits for ${required === 1 ? "an approval" : `${required} approvals`}, until ${expires_at}.`,
  }) as const;

async function ask(
  { step, node, attempt, scope, table, run, store }: ApprovalTask,
  { blobs, clock }: Pick<WorkDeps, "blobs"> & { readonly clock: Clock },
): Promise<AttemptResult | Parked> {
  const { config } = step;
  const { pipeline_id } = run.pinned;
  if (pipeline_id === null) throw new Error("only pipelines have approvals");
  const message = config.message === undefined ? null : await filled(config.message, scope);
  if (message !== null && !message.ok) return failed(message.code, message.message);
  const about = config.payload === undefined ? { ok: true as const, value: scope.input } : await mapped(config, scope);
  if (!about.ok) return failed(about.code, about.message);
  const pipeline = await table.get(pipelineItem, { id: pipeline_id });
  try {
    const { approval, writes, events } = await requestApproval(
      table,
      {
        title: step.label,
        message: message === null ? null : (masked(cutText(message.value, MESSAGE)) as string),
        run_id: run.id,
        node_id: node.id,
        attempt,
        pipeline_id,
        pipeline_name: pipeline?.name ?? pipeline_id,
        requested_by: run.started_by,
        approvers: config.approvers,
        required: config.required,
        allow_self: config.allow_self,
        on_expiry: config.on_expiry,
        expires_in_seconds: config.expires_in_seconds,
        remind_after_seconds: config.remind_after_seconds,
        escalate: config.escalate,
        payload: await storeJson(blobs, table.tenant, run, masked(about.value ?? null)),
        audit_days: run.audit_days,
        trace_id: run.trace_id,
        kept_until: run.expires_at,
      },
      clock.now(),
    );
    store.waits(node, attempt, { ...waitsFor(node, approval), writes, events });
    return { parked: true };
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "conflict") throw error;
    return failed("approvers_missing", error.message);
  }
}

/** A filled-in message is cut here: the payload is shown whole. */
const MESSAGE = 10_000;

async function filled(text: string, scope: Scope) {
  const compiled = compileTemplate(text);
  return compiled.ok ? compiled.render(scope) : compiled;
}

async function mapped({ payload }: ApprovalTask["step"]["config"], scope: Scope) {
  const compiled = compileMapping(payload ?? "input");
  return compiled.ok ? compiled.apply(scope) : compiled;
}

/** What an approval that has ended means for the run. */
function answered({ step, node, walk }: ApprovalTask, approval: Approval): AttemptResult {
  const { status, decisions, on_expiry, expires_at } = approval;
  if (status === "cancelled") return failed("approval_cancelled", "The approval was cancelled.");
  if (status === "expired" && on_expiry === "fail")
    return failed("approval_expired", `Nobody has decided until ${expires_at}.`);
  const approved = status === "approved" || (status === "expired" && on_expiry === "approve");
  const handle = approved ? APPROVED : REJECTED;
  const leads = node.outgoing.some((ordinal) => edgeAt(walk.plan, ordinal).handle === handle);
  if (!approved && !leads) return failed("approval_rejected", rejection(step, approval));
  const output: Json = {
    decision: approved ? "approved" : "rejected",
    approval_id: approval.id,
    expired: status === "expired",
    decisions: decisions.map((decision) => ({ ...decision })),
  };
  return { ok: true, output, handle };
}

function rejection({ label }: GraphNode, { decisions, expires_at }: Approval): string {
  const by = decisions.find(({ decision }) => decision === "rejected");
  if (by === undefined) return `${label}: nobody has decided until ${expires_at}, which rejects.`;
  return `${label}: ${by.user_id} has rejected${by.comment === null ? "" : `: ${by.comment}`}`;
}
