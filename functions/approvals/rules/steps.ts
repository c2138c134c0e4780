import type { ApprovalRecord } from "../model.ts";

/** What comes to a pending approval by itself. */
export type Step = "remind" | "escalate" | "expire";

type Timed = Pick<ApprovalRecord, "reminder" | "escalation" | "expires_at">;

function* steps({ reminder, escalation, expires_at }: Timed): Generator<{ readonly step: Step; readonly at: Date }> {
  yield { step: "expire", at: new Date(expires_at) };
  // Who is asked too is asked before anybody is reminded of it.
  if (escalation !== null && escalation.done_at === null) yield { step: "escalate", at: new Date(escalation.at) };
  if (reminder !== null && reminder.done_at === null) yield { step: "remind", at: new Date(reminder.at) };
}

/** What is to be done with a pending approval at this time; undefined where nothing is yet. An approval that is over is not reminded of. */
export const stepAt = (approval: Timed, now: Date): Step | undefined =>
  [...steps(approval)].find(({ at }) => at <= now)?.step;

/** When something comes to a pending approval next. */
export const nextStep = (approval: Timed): Date =>
  [...steps(approval)].map(({ at }) => at).reduce((first, at) => (at < first ? at : first));
