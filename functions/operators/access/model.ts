import * as z from "zod";
import {
  type OperatorAccess,
  operatorAccessSchema,
  operatorAccessStatuses,
} from "../../../shared/access/operator-access.ts";
import { defineStates } from "../../../shared/states.ts";

/** The longest that an access is given for. */
export const MOST_MINUTES = 60;

/** What nobody has approved after this is asked for anew. */
export const APPROVAL_SECONDS = 3_600;

export const accessStates = defineStates("operator access", operatorAccessStatuses, [
  { from: [], to: "pending", why: "An operator asks for it, with a reason." },
  { from: ["pending"], to: "active", why: "Another operator approves it; its minutes begin." },
  { from: ["pending", "active"], to: "revoked", why: "An operator or somebody of the organization ends it." },
  { from: ["pending"], to: "expired", why: "Nobody has approved it within an hour." },
  { from: ["active"], to: "ended", why: "Its minutes are over." },
]);

export const accessView = operatorAccessSchema.meta({
  id: "OperatorAccess",
  description: "An operator's access to an organization, for minutes and with another operator's approval.",
});

export const accessUse = z
  .object({ operation: z.string().meta({ example: "runs.list" }), used_at: z.string() })
  .meta({ id: "OperatorAccessUse", description: "The first use of an operation by an operator's access." });

/** What a wait or an access comes to when its time is over. */
export const overAs = ({ status }: Pick<OperatorAccess, "status">): "expired" | "ended" | undefined =>
  status === "pending" ? "expired" : status === "active" ? "ended" : undefined;

/** An access as it is at this time: its end is what it says, also before it has been written down. */
export function shownAt(access: OperatorAccess, at: Date): z.input<typeof accessView> {
  const over = Date.parse(access.ends_at) <= at.getTime() ? overAs(access) : undefined;
  return over === undefined ? access : { ...access, status: over, closed_at: access.ends_at };
}
