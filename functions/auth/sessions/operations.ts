import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { viewerPlaceSchema } from "../../../shared/http/place.ts";
import { sessionSchema } from "../../../shared/identity/items.ts";
import { idSchema } from "../../../shared/ids.ts";
import { memberResource } from "../../users/public.ts";

const { method, ip, user_agent, created_at, last_seen_at, expires_at } = sessionSchema.shape;

const sessionView = z
  .object({
    id: idSchema("session"),
    current: z.boolean().meta({ description: "The one that asks." }),
    device: z
      .string()
      .meta({ description: "What it was opened with, as it names itself.", example: "Firefox on macOS" }),
    user_agent,
    ip: ip.meta({ description: "The address that it was opened from." }),
    place: viewerPlaceSchema.nullable().meta({
      description: "Where that address was then; null where the deployment has no front that says it.",
    }),
    method,
    created_at: created_at.meta({ description: "When it was opened." }),
    last_seen_at: last_seen_at.meta({ description: "To five minutes." }),
    expires_at,
  })
  .meta({ id: "Session", description: "A sign-in that is live." });

/** A person's sessions, in whatever organization they work. */
export const sessionOperations = {
  listSessions: operation({
    id: "auth.list_sessions",
    method: "GET",
    path: "/auth/me/sessions",
    summary: "The caller's live sessions, newest first",
    description: "All of them: there are few at most.",
    permission: "authenticated",
    request: {},
    response: z.object({ items: z.array(sessionView) }),
    success: 200,
    errors: [],
  }),
  endSession: operation({
    id: "auth.end_session",
    method: "DELETE",
    path: "/auth/me/sessions/{session_id}",
    summary: "End one of the caller's sessions",
    description: "Its access and refresh tokens are refused from the next request on.",
    permission: "authenticated",
    request: { path: z.object({ session_id: idSchema("session") }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  signOutMember: operation({
    id: "auth.sign_out_member",
    method: "POST",
    path: "/auth/users/{user_id}/sign-out",
    summary: "End all sessions of a member",
    description:
      "For a device that was lost. A session is the person's, in all their organizations, so all of them end, and signing in again is all that it costs; which devices there are only the person sees. Nobody touches somebody whose role grants more than their own. A mail tells the member.",
    permission: "users:suspend",
    resource: memberResource,
    request: { path: z.object({ user_id: idSchema("user") }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
} as const;
