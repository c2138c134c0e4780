import * as z from "zod";
import { builtInRoleNames } from "../../../shared/access/roles.ts";
import { OWNER } from "../../../shared/identity/owners.ts";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";

/** An asked transfer that nobody answers ends after this. */
export const TRANSFER_SECONDS = 7 * 86_400;

const transferStatuses = ["pending", "accepted", "declined", "withdrawn", "expired"] as const;

export const transferStates = defineStates("ownership transfer", transferStatuses, [
  { from: [], to: "pending", why: "An owner asks another member." },
  { from: ["pending"], to: "accepted", why: "They take the organization over: both roles change with it." },
  { from: ["pending"], to: "declined", why: "They don't want it." },
  { from: ["pending"], to: "withdrawn", why: "An owner takes it back." },
  { from: ["pending"], to: "expired", why: "Nobody has answered within seven days." },
]);

/** What the one who hands over can be afterwards. */
export const formerRoleSchema = z
  .enum(builtInRoleNames.filter((name) => name !== OWNER))
  .meta({ id: "FormerOwnerRole", example: "org_admin" });

export const transferSchema = z
  .object({
    id: idSchema("ownership_transfer"),
    organization_id: idSchema("organization"),
    from_user_id: idSchema("user"),
    to_user_id: idSchema("user"),
    former_role: formerRoleSchema.meta({ description: "The role that the one who hands over has afterwards." }),
    status: z.enum(transferStatuses).meta({ id: "OwnershipTransferStatus" }),
    asked_at: z.string(),
    expires_at: z.string(),
    answered_at: z.string().nullable(),
  })
  .meta({ id: "OwnershipTransfer", description: "An owner hands an organization over to another member." });
export type Transfer = z.output<typeof transferSchema>;
