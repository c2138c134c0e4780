import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { anyMemberResource } from "../store.ts";
import { personErasureSchema } from "./model.ts";
import { personErasureResource } from "./store.ts";

const path = z.object({ user_id: idSchema("user") });

export const personOperations = {
  erasePerson: operation({
    id: "audit.erase_person",
    method: "POST",
    path: "/audit/users/{user_id}/erase",
    summary: "Erase a former member from the audit log",
    description:
      "What they did stays, and who it was does not: actor, address and client of their entries, and names and values of entries about them, are removed behind the answer. Every proof holds as before. It cannot be taken back. Only of somebody who has been removed. Entries of runs that acted for them, their id in the paths of requests that others made about them, and texts in which others named them are not found by it.",
    permission: "gdpr:redact",
    resource: anyMemberResource,
    request: { path },
    response: personErasureSchema,
    success: 202,
    errors: ["conflict"],
    location: "/audit/users/{user_id}/erasure",
    step_up: 30,
  }),
  getPersonErasure: operation({
    id: "audit.get_person_erasure",
    method: "GET",
    path: "/audit/users/{user_id}/erasure",
    summary: "How far the erasure of a person from the audit log is",
    permission: "gdpr:redact",
    resource: personErasureResource,
    request: { path },
    response: personErasureSchema,
    success: 200,
    errors: [],
  }),
} as const;
