import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const organization = z.object({ organization_id: z.string(), name: z.string() });
const changed = organization.extend({ changed_fields: z.array(z.string()) });
const transfer = organization.extend({
  transfer_id: z.string(),
  from_user_id: z.string(),
  to_user_id: z.string(),
});
const membership = z.object({ organization_id: z.string(), user_id: z.string(), role: z.string() });

export const organizationEvents = defineEvents({
  "organization.created": { summary: "An organization was registered.", resource: "organization", data: organization },
  "organization.updated": {
    summary:
      "An organization's name, slug or settings changed; a setting is named with its part, as `settings.retention.run_days`.",
    resource: "organization",
    data: changed,
  },
  "organization.suspended": {
    summary:
      "An organization was suspended; refused from the next request on. Its webhooks hear of it once it is restored.",
    resource: "organization",
    data: organization.extend({ reason: z.string() }),
  },
  "organization.restored": {
    summary: "An organization is no longer suspended, or no longer deleted.",
    resource: "organization",
    data: organization.extend({ status: z.string(), previous_status: z.string() }),
  },
  "organization.plan_changed": {
    summary: "An organization is on another plan.",
    resource: "organization",
    data: organization.extend({ plan: z.string(), previous_plan: z.string() }),
  },
  "organization.limits_changed": {
    summary:
      "A platform operator has set limits of an organization, or taken some back; a limit that is absent is the usual one.",
    resource: "organization",
    data: organization.extend({
      limits: z.record(z.string(), z.int()),
      previous_limits: z.record(z.string(), z.int()),
    }),
  },
  "organization.deleted": {
    summary:
      "An organization was deleted; refused from the next request on, and erased when nobody restores it in time.",
    resource: "organization",
    data: organization.extend({ erase_at: z.string() }),
  },
  "organization.erasure_begun": {
    summary: "Nobody has restored a deleted organization in time: it is erased now, and cannot be restored any more.",
    resource: "organization",
    data: organization,
  },
  "organization.erased": {
    summary:
      "A deleted organization was erased; its certificate has this hash. Nobody's webhook hears of it, the bus does.",
    resource: "organization",
    data: z.object({ organization_id: z.string(), sha256: z.string() }),
  },
  "organization.transfer_asked": {
    summary: "An owner asked a member to take the organization over.",
    resource: "organization",
    data: transfer.extend({ expires_at: z.string() }),
  },
  "organization.transfer_ended": {
    summary: "A transfer of the organization was declined, withdrawn, or not answered in time.",
    resource: "organization",
    data: transfer.extend({ outcome: z.string() }),
  },
  "organization.ownership_transferred": {
    summary: "A member has become owner, and whoever handed it over has another role.",
    resource: "organization",
    data: transfer.extend({ former_role: z.string() }),
  },
  "membership.added": { summary: "A user became a member.", resource: "membership", data: membership },
});
