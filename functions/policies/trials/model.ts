import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";
import { attributesOfType, type DescribedType } from "../../../shared/policies/attributes.ts";
import { differenceView, effectSchema } from "../model.ts";
import { contextSchema, principalSchema, thingSchema } from "../rules/described.ts";

/** What a simulation is asked: what is looked up, and what is described over it. */
export const simulationSchema = z
  .strictObject({
    operation: z.string().max(64).optional().meta({
      description:
        "The operation that is asked for; what it asks policies about follows from it. Without one: `resource_type` and `action`.",
    }),
    resource_type: z.string().max(64).optional().meta({ example: "agent" }),
    action: z.string().max(64).optional().meta({ example: "update" }),
    user_id: idSchema("user")
      .optional()
      .meta({ description: "A member who asks: their role, level, teams and e-mail address are looked up." }),
    principal: principalSchema.default({}),
    resource_id: z
      .union((Object.keys(attributesOfType) as DescribedType[]).map((type) => idSchema(type)))
      .optional()
      .meta({ description: "A thing of a type that policies look at and that you may read: it is looked up." }),
    resource: thingSchema.default({}),
    context: contextSchema.default({}),
    with: z
      .strictObject({ policy_id: idSchema("policy"), version: z.int().min(1).optional() })
      .optional()
      .meta({
        id: "PolicyPutInPlace",
        description:
          "A policy as if it were active, by what it says now or said in a version, in the place of what it is.",
      }),
  })
  .meta({
    id: "PolicySimulation",
    description: "A request that somebody could make: what is looked up, and what is described over it.",
    example: {
      operation: "agents.update",
      principal: { role: "developer", mfa: true },
      resource: { name: "Support", tags: ["secret"] },
      context: { ip: "192.0.2.7", at: "2026-01-31T12:00:00.000Z" },
    },
  });

const reasonView = z
  .object({
    path: z.string().meta({ example: "conditions.all.0" }),
    sentence: z.string().meta({ example: 'the thing\'s tags include "secret"' }),
    held: z.boolean(),
  })
  .meta({ id: "PolicyReason", description: "A condition by which a policy came out as it did." });

const turnView = z
  .object({
    policy_id: idSchema("policy"),
    path: z.string().meta({ example: "conditions.all.0" }),
    sentence: z.string().meta({ example: 'the thing\'s tags do not include "secret"' }),
  })
  .meta({ id: "PolicyTurn", description: "What would have to be so for it to be allowed." });

const named = { id: idSchema("policy"), name: z.string().meta({ example: "No secrets" }), version: z.int() };

export const decidingSchema = z
  .object(named)
  .meta({ id: "NamedPolicy", description: "A policy in one of its versions." })
  .nullable()
  .meta({ description: "The policy that decided, or the first that could not be evaluated." });

export const decisionView = z
  .object({
    resource_type: z.string().meta({ example: "agent" }),
    action: z.string().meta({ example: "update" }),
    outcome: effectSchema,
    by: z.enum(["policy", "error", "default"]).meta({
      id: "PolicyDecidedBy",
      description: "A policy, one that cannot be evaluated, or what holds for the type where none matches.",
    }),
    policy: decidingSchema,
    considered: z
      .array(
        z
          .object({
            ...named,
            effect: effectSchema,
            applies: z.boolean().meta({ description: "Whether it is for whoever asks." }),
            holds: z
              .boolean()
              .nullable()
              .meta({ description: "Whether its conditions hold; null where they cannot be evaluated." }),
            reasons: z.array(reasonView),
          })
          .meta({ id: "ConsideredPolicy" }),
      )
      .meta({
        description: "Policies about this type and action, at most 100, those first that are for whoever asks.",
      }),
    nearest: z.array(turnView).nullable().meta({
      description:
        "The fewest conditions that would have to come out otherwise for it to be allowed; none where it is, null where no answer to them allows it.",
    }),
  })
  .meta({ id: "PolicyDecision", description: "What policies decide about one type and action, and why." });

export const simulatedView = z.object({ outcome: effectSchema, decisions: z.array(decisionView) }).meta({
  id: "SimulatedRequest",
  description:
    "What policies would decide. An operation can be about several things: each has its decision, and the first that does not allow is the outcome.",
});

export const testedView = z
  .object({
    passed: z.boolean().meta({ description: "Whether all do, so that the policy can be activated." }),
    results: z.array(
      z
        .object({
          name: z.string().meta({ example: "Developers leave secrets alone" }),
          passed: z.boolean(),
          expected: effectSchema,
          actual: effectSchema,
          policy: decidingSchema,
        })
        .meta({ id: "PolicyTestResult" }),
    ),
  })
  .meta({ id: "TestedPolicy", description: "How the tests of a policy come out, in their order." });

/** Stands for no policy at all, where a version would be named. */
export const NOTHING = "nothing";

/** Version numbers begin at 1. */
export const number = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .transform(Number)
  .meta({ example: 3 });

const versionNumber = z.union([z.int(), z.literal(NOTHING)]);

const sentenceView = z.string().meta({ example: "Denies `update` on things of type `agent` to everybody, always." });

const widenedView = z
  .object({
    resource_type: z.string().meta({ description: "`*`: every type that no policy names.", example: "agent" }),
    action: z.string().meta({ description: "`*`: every action that no policy names.", example: "update" }),
    when: z
      .array(
        z.object({
          attribute: z.string().meta({ example: "context.ip" }),
          values: z.array(z.unknown()).meta({
            description: "At most 20 of those for which it holds; null where the attribute is missing.",
            example: ["192.0.2.0", "192.0.2.255"],
          }),
        }),
      )
      .meta({ description: "Whatever all other attributes are. Instants of time stand for what clocks show then." }),
    example: z
      .object({
        principal: z.record(z.string(), z.unknown()),
        resource: z.record(z.string(), z.unknown()),
        context: z.record(z.string(), z.unknown()),
      })
      .meta({
        description: "One such request, as `POST /policies/simulate` takes it.",
        example: { principal: { role: "developer" }, resource: {}, context: { ip: "192.0.2.0" } },
      }),
  })
  .meta({ id: "PolicyWidening", description: "Requests that come out otherwise." });

export const policyDiffView = z
  .object({
    policy_id: idSchema("policy"),
    from: versionNumber,
    to: z.int(),
    fields: z.array(differenceView),
    sentences: z
      .object({ old: sentenceView.nullable(), new: sentenceView })
      .meta({ description: "What both say; null where there was nothing." }),
    allowed: z.array(widenedView).meta({ description: "What newly becomes allowed, at most 50." }),
    denied: z.array(widenedView).meta({ description: "What is allowed no more, at most 50." }),
    complete: z.boolean().meta({
      description:
        "False where there was too much to try or to show, or patterns are compared, of which not every text can be tried.",
    }),
  })
  .meta({ id: "PolicyVersionDifference", description: "What differs between two versions of a policy." });
