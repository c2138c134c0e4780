import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { policyStatusSchema } from "../model.ts";
import { documentSchema, importedView, MOST_IN_DOCUMENT, portableSchema } from "./model.ts";

/** Names of teams and of roles stand in a document in the place of their ids. */
const seesNames = ["roles:read", "teams:read"] as const;

export const portableOperations = {
  exportPolicies: operation({
    id: "policies.export",
    method: "GET",
    path: "/policies/export",
    summary: "Policies as a document",
    description: `For another organization, or for a repository: what they say, for whom they are and their tests. Teams and roles of your own are called by their names where you may read them (\`teams:read\`, \`roles:read\`). A page, of at most ${MOST_IN_DOCUMENT}, is a \`document\` that \`POST /policies/import\` takes as it is.`,
    permission: "policies:read",
    besides: seesNames,
    resource: { type: "policy", list: true },
    request: {
      query: z.strictObject({
        limit: decimalInteger({ min: 1, max: MOST_IN_DOCUMENT })
          .default(MOST_IN_DOCUMENT)
          .meta({ description: "Policies in the document." }),
        cursor: pageQuery.cursor,
        status: policyStatusSchema.optional(),
      }),
    },
    response: pageOf(portableSchema),
    success: 200,
    errors: [],
  }),
  importPolicies: operation({
    id: "policies.import",
    method: "POST",
    path: "/policies/import",
    summary: "Make drafts of a document",
    description:
      "All of it or nothing. Names are looked for in this organization, as far as you may read teams and roles; where one is not there, nothing is made and the answer lists each (422). What is made is a draft: nothing that is active changes, and nothing becomes active. `dry_run` says what would be made, how it differs from what there is of the same name, and what cannot be found.",
    permission: "policies:create",
    besides: seesNames,
    resource: { type: "policy", create: true },
    request: {
      body: z.strictObject({ document: documentSchema, dry_run: z.boolean().default(false) }),
    },
    response: importedView,
    success: 200,
    errors: ["quota_exceeded", "reference_not_found"],
  }),
} as const;
