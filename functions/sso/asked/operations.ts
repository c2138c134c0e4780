import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";

/** What somebody is sent to who has asked for something that a provider has to prove. */
export const askedSchema = z.object({
  url: z.string().meta({ description: "For the browser to open, once and soon." }),
  expires_at: z.string(),
});

export const beginOperations = {
  begin: operation({
    id: "sso.begin",
    method: "GET",
    path: "/sso/begin",
    summary: "Where a browser sets out that was asked to",
    description: "The address comes from an operation that wants something proved by a provider, and works once.",
    permission: "public",
    request: { query: z.strictObject({ ticket: z.string().max(200) }) },
    response: "redirect",
    success: 302,
    errors: [],
    rate_class: "sign_in",
    served_by: "sign_in",
  }),
} as const;
