import * as z from "zod";
import { descriptionSchema, nameSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { attributeTypes, referableTypes } from "../../shared/policies/attributes.ts";
import { MAX_POLICY_DEPTH, MAX_POLICY_PARTS, policyEffects, policyStatuses } from "../../shared/policies/language.ts";
import { assignmentsSchema, conditionsSchema } from "../../shared/policies/schemas.ts";
import { policyInWords } from "../../shared/policies/words.ts";
import { defineStates } from "../../shared/states.ts";

/** The conditions of one policy, as JSON. */
export const MOST_CONDITION_BYTES = 32 * 1024;
/** All policies that are enforced, as JSON: they travel in one item with the roles (docs/adr/0085). */
export const MOST_ENFORCED_BYTES = 150_000;

export const policyStatusSchema = z.enum(policyStatuses).meta({ id: "PolicyStatus" });
export type PolicyStatus = z.output<typeof policyStatusSchema>;

export const policyStates = defineStates("policy", policyStatuses, [
  { from: [], to: "draft", why: "It is made." },
  {
    from: ["draft", "inactive", "active"],
    to: "shadow",
    why: "Somebody wants to see what it would deny: that is counted from the next request on, and denied no more.",
  },
  {
    from: ["draft", "inactive", "shadow"],
    to: "active",
    why: "Somebody activates it: it counts from the next request on.",
  },
  {
    from: ["active", "shadow"],
    to: "inactive",
    why: "Somebody takes it out of force: it counts no more from the next request on.",
  },
]);

export const effectSchema = z.enum(policyEffects).meta({
  id: "PolicyEffect",
  description: "What it does where its conditions hold. `require_approval` can be kept, and not be activated yet.",
});

/** A name in the catalogue of what policies can be about, or `*` for all of them. */
const target = z.string().min(1).max(64);

/** What a policy says: what a version keeps. */
export const definition = {
  name: nameSchema.meta({ example: "Production only for release managers" }),
  description: descriptionSchema,
  effect: effectSchema,
  resource_type: target.meta({ description: "A type of things, or `*`.", example: "agent" }),
  action: target.meta({ description: "What is done with it, or `*`.", example: "update" }),
  conditions: conditionsSchema.meta({
    description: `\`{}\` for always; else \`{"all": […]}\`, \`{"any": […]}\`, \`{"not": {…}}\` or \`{"path", "op", "value"}\` with attributes of GET /policies/attributes, to ${MAX_POLICY_DEPTH} levels and ${MAX_POLICY_PARTS} parts. \`zone\` beside an attribute of \`time\` is a name of the IANA time zone database.`,
    example: { not: { path: "principal.role", op: "in", value: ["org_owner", "org_admin"] } },
  }),
};
export const definitionSchema = z.object(definition);
export type Definition = z.output<typeof definitionSchema>;

/** What somebody or something says, and nothing besides. */
export const definitionOf = ({
  name,
  description,
  effect,
  resource_type,
  action,
  conditions,
}: Definition): Definition => ({
  name,
  description,
  effect,
  resource_type,
  action,
  conditions,
});

export const policySchema = z.object({
  id: idSchema("policy"),
  organization_id: idSchema("organization"),
  ...definition,
  assignments: assignmentsSchema,
  status: policyStatusSchema,
  version: z.int().meta({ description: "Rises with each change of what it says." }),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type PolicyRecord = z.output<typeof policySchema>;

const sentence = z.string().meta({
  description: "In plain English.",
  example:
    'Denies `update` on things of type `agent` to everybody in the organization, when the caller\'s role is none of "org_owner", "org_admin".',
});

export const policyView = policySchema.extend({ sentence, test_count: z.int() }).meta({
  id: "Policy",
  description: "Conditions under which something is allowed or denied, asked after the role has granted.",
});

export const policyVersionSchema = z.object({
  policy_id: idSchema("policy"),
  version: z.int(),
  ...definition,
  created_by: z.string(),
  created_at: z.string(),
});
export const policyVersionView = policyVersionSchema.meta({
  id: "PolicyVersion",
  description: "What a policy said, from one of its changes to the next.",
});

/** A policy as the API shows it. */
export const toView = <P extends PolicyRecord & { readonly tests: readonly unknown[] }>(policy: P) => ({
  ...policy,
  sentence: policyInWords(policy),
  test_count: policy.tests.length,
});

export const issueSchema = z
  .object({
    path: z.string().meta({ example: "conditions.all.0.op" }),
    message: z.string().meta({ example: "must be one of `eq`, `ne` for `principal.mfa`" }),
  })
  .meta({ id: "PolicyIssue", description: "What is wrong with conditions, where, and what to do." });

export const referenceView = z
  .object({
    path: z.string().meta({ example: "conditions.value.ids.0" }),
    type: z.enum(referableTypes).meta({ id: "PolicyReferenceType", description: "What kind of thing is named." }),
    id: z.string().meta({ example: "tem_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }),
    name: z
      .string()
      .nullable()
      .meta({ description: "What it is called now; null where it is nothing, has no name, or is not yours to read." }),
    status: z.enum(["valid", "orphaned", "changed"]).meta({
      id: "PolicyReferenceStatus",
      description:
        "`orphaned`: nothing of that id is in the organization. `changed`: it is there, and is archived, suspended or revoked, or called otherwise than `display` beside the reference says.",
    }),
    detail: z.string().nullable().meta({ example: "It is archived." }),
  })
  .meta({ id: "PolicyReference", description: "A thing that a policy names, and how it stands now." });

export const checkedView = z
  .object({
    valid: z.boolean(),
    issues: z.array(issueSchema),
    sentence: sentence.nullable(),
    references: z
      .array(referenceView)
      .meta({ description: "What valid conditions name. Nothing that is gone keeps them from being saved." }),
  })
  .meta({ id: "CheckedConditions", description: "Whether conditions could be saved, and what they would say." });

export const attributeView = z
  .object({
    path: z.string().meta({ example: "principal.role" }),
    type: z.enum(attributeTypes).meta({ id: "PolicyAttributeType" }),
    words: z.string().meta({ description: "As sentences call it.", example: "the caller's role" }),
    description: z.string().meta({ example: "A built-in role by its name, one of the organization's own by its id." }),
    operators: z.array(z.string()).meta({ example: ["eq", "ne", "in", "not_in"] }),
    values: z
      .array(z.union([z.string(), z.number()]))
      .nullable()
      .meta({ description: "All that there are; null for any.", example: [1, 2, 3] }),
    refers_to: z
      .string()
      .nullable()
      .meta({ description: "What its value is the id of; null where it is none.", example: "role" }),
    resource_types: z
      .array(z.string())
      .nullable()
      .meta({ description: "Which things have it; null where it is not of a thing.", example: ["agent"] }),
  })
  .meta({ id: "PolicyAttribute", description: "Something that a condition can look at." });

export const differenceView = z
  .object({
    path: z.string().meta({ example: "conditions.all.0.value" }),
    old: z.unknown().meta({ example: "secret" }),
    new: z.unknown().meta({ example: "internal" }),
  })
  .meta({ id: "PolicyDifference" });

export const shadowView = z
  .object({
    day: z.string().meta({ format: "date", example: "2026-03-14" }),
    version: z.int(),
    denied: z.int().meta({ description: "Requests that went on and would have been denied." }),
  })
  .meta({ id: "PolicyShadowDenials", description: "What a version of a policy would have denied on a day." });

export const defaultsSchema = z
  .object({
    denied_by_default: z.array(z.string()).meta({
      description:
        "Types of things with which nothing may be done unless a policy allows it. With all others everything is allowed unless a policy denies it.",
      example: [],
    }),
  })
  .meta({ id: "PolicyDefaults", description: "What holds where no policy matches." });

export const cedarView = z
  .object({
    text: z.string().meta({ example: '@id("default")\npermit (principal, action, resource);\n' }),
    zones: z.array(z.string()).meta({
      description: "Time zones of which the request's context has to say what their clocks show.",
      example: ["Europe/Berlin"],
    }),
    omitted: z.array(
      z.object({
        policy_id: idSchema("policy"),
        name: nameSchema,
        why: z.string().meta({ example: "Cedar has nothing like `matches`" }),
      }),
    ),
  })
  .meta({
    id: "PoliciesAsCedar",
    description: "The active policies as a set of Cedar policies that decides the same, but for what `omitted` names.",
  });

export const templateView = z
  .object({
    id: z.string().meta({ example: "admin_only" }),
    group: z.enum(["access", "time", "security", "environment"]).meta({ id: "PolicyTemplateGroup" }),
    name: z.string().meta({ example: "Admin only" }),
    description: z.string().meta({ example: "Only owners and administrators change it." }),
    ...z.object(definition).omit({ name: true, description: true }).shape,
    sentence,
  })
  .meta({
    id: "PolicyTemplate",
    description: "A policy to begin with: a body of POST /policies once its values are yours.",
  });
