import * as z from "zod";
import { sha256 } from "../../shared/hash.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { workspaceRoleSchema } from "../workspaces/model.ts";

const statuses = ["pending", "accepted", "revoked", "expired"] as const;

export const invitationStates = defineStates("invitation", statuses, [
  { from: [], to: "pending", why: "Somebody is invited." },
  { from: ["pending"], to: "pending", why: "It is sent again: a new link, another seven days; the old link is dead." },
  { from: ["pending"], to: "accepted", why: "Whoever has the link joins." },
  { from: ["pending"], to: "revoked", why: "An administrator takes it back." },
  { from: ["pending"], to: "expired", why: "Seven days have passed since it was sent." },
]);

/** How long a link works after it was sent. */
export const INVITATION_SECONDS = 7 * 86_400;
/** How long an invitation that is answered, revoked or expired is kept. */
export const KEPT_SECONDS = 400 * 86_400;
/** Mails to one address in a day, whatever happens to the invitations in between. */
export const MAILS_PER_ADDRESS = 5;
/** Teams, and workspaces, that one invitation promises a place in: all of them are taken in the transaction that accepts it. */
export const PROMISED = 5;
/** Invitations in one request. */
export const BULK = 100;

export const promisedSchema = z
  .object({ workspace_id: idSchema("workspace"), role: workspaceRoleSchema })
  .meta({ id: "WorkspaceSeat", description: "A place in a workspace." });

export const invitationSchema = z
  .object({
    id: idSchema("invitation"),
    organization_id: idSchema("organization"),
    email: z.string(),
    role: z.string(),
    message: z.string(),
    team_ids: z.array(idSchema("team")).meta({ description: "Teams that they join as a member." }),
    workspaces: z.array(promisedSchema).meta({ description: "Workspaces that they join, with their role there." }),
    status: z.enum(statuses).meta({ id: "InvitationStatus" }),
    invited_by: z.string(),
    sent_at: z.string().meta({ description: "When the newest mail was asked for." }),
    expires_at: z.string().meta({ description: "Until when the newest link works." }),
    accepted_by: idSchema("user").nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({
    id: "Invitation",
    description: "Somebody is asked by mail to become a member. Its link is in the mail only.",
  });

/** What somebody got who joined: of the promised places those that were still there. */
export const joinedFields = invitationSchema.pick({ role: true, team_ids: true, workspaces: true }).shape;

/** What a link says: the organization, the invitation, and 256 random bits, of which the table has the hash. */
export const formatToken = (organization_id: string, id: string, secret: string): string =>
  `${organization_id}.${id}.${secret}`;

const TOKEN = /^(org_[0-9A-HJKMNP-TV-Z]{26})\.(inv_[0-9A-HJKMNP-TV-Z]{26})\.([A-Za-z0-9_-]{43})$/;

export interface InvitationToken {
  readonly organization_id: string;
  readonly id: string;
  readonly secret_hash: string;
}

/** Undefined for what is no token at all. */
export function parseToken(token: string): InvitationToken | undefined {
  const [, organization_id, id, secret] = TOKEN.exec(token.trim()) ?? [];
  return organization_id === undefined || id === undefined || secret === undefined
    ? undefined
    : { organization_id, id, secret_hash: sha256(secret) };
}

export const invitationTokenSchema = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: "From the link in the mail.", format: "password" });
