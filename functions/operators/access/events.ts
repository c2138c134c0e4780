import * as z from "zod";
import { type OperatorAccess, operatorAccessEvents } from "../../../shared/access/operator-access.ts";
import { defineEvents, draft, type EventDraft } from "../../../shared/change/events.ts";

const access = z.object({
  access_id: z.string(),
  operator_id: z.string(),
  reason: z.string(),
  minutes: z.int(),
  permissions: z.array(z.string()),
});
const about = { resource: "operator_access", data: access } as const;

export const accessEvents = {
  ...defineEvents({
    "operator_access.asked": {
      ...about,
      summary: "An operator of the platform asks for an access to the organization.",
    },
    "operator_access.approved": {
      ...about,
      summary: "Another operator has approved it: it is live until its end.",
      data: access.extend({ approved_by: z.string(), ends_at: z.string() }),
    },
    "operator_access.revoked": {
      ...about,
      summary: "An operator's access, or the wish for one, was ended by somebody.",
    },
    "operator_access.expired": { ...about, summary: "Nobody has approved an access in time.", outcome: "failed" },
    "operator_access.ended": { ...about, summary: "The minutes of an operator's access are over." },
  }),
  ...operatorAccessEvents,
} as const;

type Told = Exclude<keyof typeof accessEvents, "operator_access.used">;

/** What tells of an access, as it is then; the audit entry has its reason. */
export function accessEvent(type: Told, one: OperatorAccess): EventDraft {
  const { id, asked_by, reason, minutes, permissions, approved_by, ends_at } = one;
  const data = { access_id: id, operator_id: asked_by.user_id, reason, minutes, permissions };
  const more = { reason };
  return type === "operator_access.approved"
    ? draft(accessEvents, type, { id }, { ...data, approved_by: approved_by?.user_id ?? "", ends_at }, more)
    : draft(accessEvents, type, { id }, data, more);
}
