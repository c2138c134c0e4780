import * as z from "zod";
import { nameSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { assignmentTypes } from "../../../shared/policies/language.ts";
import { conditionsSchema } from "../../../shared/policies/schemas.ts";
import { definition, differenceView, effectSchema } from "../model.ts";
import { MOST_TESTS } from "../rules/tests.ts";

/** Policies as they go from one organization to another. */

/** Most policies in one document: all that it makes is one transaction. */
export const MOST_IN_DOCUMENT = 20;

/** Which form a policy in a document has. */
export const FORM = 1;

const free = z.record(z.string(), z.unknown());

const assignmentSchema = z
  .strictObject({
    type: z.enum(assignmentTypes).meta({ id: "PolicyAssignmentType" }),
    id: z.string().max(128).optional().meta({ description: "A built-in role, a member, a key.", example: "developer" }),
    name: z.string().max(120).optional().meta({ description: "A team, or a role of the organization's own." }),
  })
  .meta({ id: "PortableAssignment", example: { type: "team", name: "Sales" } });

const testSchema = z
  .strictObject({
    name: nameSchema,
    resource_type: z.string().max(64),
    action: z.string().max(64),
    principal: free.default({}),
    resource: free.default({}),
    context: free.default({}),
    expected: effectSchema,
  })
  .meta({
    id: "PortableTest",
    example: {
      name: "Developers leave secrets alone",
      ...{ resource_type: "agent", action: "update", expected: "deny" },
      principal: { role: "developer", teams: [{ name: "Sales" }] },
      resource: { tags: ["secret"] },
      context: { at: "2026-01-05T12:00:00.000Z" },
    },
  });

export const portableSchema = z
  .strictObject({
    kaizen_policy: z.literal(FORM).meta({ description: "Of which form it is." }),
    ...definition,
    description: definition.description.default(""),
    conditions: conditionsSchema.default({}),
    assignments: z.array(assignmentSchema).max(50).default([]),
    tests: z.array(testSchema).max(MOST_TESTS).default([]),
  })
  .meta({
    id: "PortablePolicy",
    description:
      'A policy without what is one organization\'s: teams and roles of its own are called by their names, as `{"name": "Sales"}` where an id would stand.',
    example: {
      kaizen_policy: FORM,
      name: "Sales leaves secrets alone",
      description: "",
      effect: "deny",
      resource_type: "agent",
      action: "update",
      conditions: {
        all: [
          { path: "principal.teams", op: "contains", value: { name: "Sales" } },
          { path: "resource.tags", op: "contains", value: "secret" },
        ],
      },
      assignments: [{ type: "organization" }],
      tests: [],
    },
  });
export type Portable = z.output<typeof portableSchema>;

export const documentSchema = z
  .strictObject({
    items: z.array(portableSchema).min(1).max(MOST_IN_DOCUMENT),
    next_cursor: z.string().nullable().optional().meta({ description: "As it was exported; it means nothing here." }),
  })
  .meta({ id: "PolicyDocument", description: "Policies to be imported: a page of an export as it is." });

export const importedView = z
  .object({
    dry_run: z.boolean(),
    policies: z.array(
      z
        .object({
          name: nameSchema.meta({ example: "Sales leaves secrets alone" }),
          state: z.enum(["new", "beside", "unchanged"]).meta({
            id: "ImportedPolicyState",
            description:
              "`unchanged`: one of this name says the same, and nothing is made. `beside`: one of this name says something else; it stays as it is, and a draft is made beside it.",
          }),
          policy_id: idSchema("policy").nullable().meta({
            description: "The draft that was made, or the policy that says the same; null before it is made.",
          }),
          differences: z
            .array(differenceView)
            .meta({ description: "From the newest policy of this name to what is imported; none without one." }),
        })
        .meta({ id: "ImportedPolicy" }),
    ),
    unresolved: z
      .array(
        z
          .object({
            path: z.string().meta({ example: "items.0.conditions.all.0.value" }),
            type: z.string().meta({ example: "team" }),
            named: z.string().meta({ description: "A name or an id.", example: "Sales" }),
          })
          .meta({ id: "UnresolvedName", description: "What a document names and this organization has not." }),
      )
      .meta({ description: "Only a dry run has any: nothing is imported as long as there are." }),
  })
  .meta({ id: "ImportedPolicies", description: "What an import has made, or would make." });
