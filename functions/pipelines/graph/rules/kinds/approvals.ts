import * as z from "zod";
import { mappingSchema } from "../../../../../shared/expressions/mapping.ts";
import {
  type Approvers,
  approversSchema,
  COMMENT,
  DEFAULT_EXPIRY_SECONDS,
  escalateSchema,
  MOST_REQUIRED,
  NAMED,
  NAMED_USERS,
  onExpirySchema,
  SHORTEST_SECONDS,
} from "../../../../approvals/model.ts";
import { graphLimits } from "../limits.ts";
import { shapeOf } from "../types/from-schema.ts";
import { closed, ofType } from "../types/shape.ts";
import { FREE } from "./cost.ts";
import { type ConfigPath, configOf, defineKind, type NamedPeople, never, usesOfMapping } from "./kind.ts";

/** Where an approval goes on by. */
export const APPROVED = "approved";
export const REJECTED = "rejected";

const peopleIn = ({ users, teams }: Approvers, path: ConfigPath): readonly NamedPeople[] => [
  ...(users === undefined ? [] : [{ type: "user", ids: users, path: [...path, "users"] } as const]),
  ...(teams === undefined ? [] : [{ type: "team", ids: teams, path: [...path, "teams"] } as const]),
];

const allPeople = ({
  approvers,
  escalate,
}: {
  readonly approvers: Approvers;
  readonly escalate?: { readonly to: Approvers } | undefined;
}) => [
  ...peopleIn(approvers, ["approvers"]),
  ...(escalate === undefined ? [] : peopleIn(escalate.to, ["escalate", "to"])),
];

export const approval = defineKind({
  kind: "approval",
  group: "flow",
  icon: "user-check",
  example: { message: "Shall this answer go to {{ input.customer }}?", payload: "input.answer", required: 1 },
  summary:
    "Asks people and waits for them. Emits {decision, approval_id, decisions} by `approved` or `rejected`; a rejection with nothing connected to it fails, so nothing goes on that was rejected.",
  pure: never,
  cost: FREE,
  emits: (_config, _known, handle) =>
    closed(
      [
        ["decision", shapeOf({ const: handle })],
        ["approval_id", [ofType("string")]],
        ["expired", [ofType("boolean")]],
        ["decisions", [ofType("array")]],
      ],
      ["decision", "approval_id", "expired", "decisions"],
    ),
  limits: {
    users: NAMED_USERS,
    teams: NAMED,
    roles: NAMED,
    permissions: NAMED,
    required: MOST_REQUIRED,
    message_characters: COMMENT,
    expires_in_seconds: graphLimits.wait_seconds,
  },
  config: configOf(() => ({
    approvers: approversSchema
      .default({})
      .meta({ description: "Whoever holds approvals:decide, where it names nobody." }),
    required: z.int().min(1).max(MOST_REQUIRED).default(1).meta({ description: "How many have to approve." }),
    allow_self: z.boolean().default(false).meta({ description: "Whether who started the run may decide." }),
    message: z
      .string()
      .min(1)
      .max(COMMENT)
      .optional()
      .meta({ description: "What approvers are asked; may hold {{ expression }} placeholders." }),
    payload: mappingSchema.optional().meta({
      description: "What they are shown; the input where it is left out. What looks like a secret is masked.",
    }),
    expires_in_seconds: z.int().min(SHORTEST_SECONDS).max(graphLimits.wait_seconds).default(DEFAULT_EXPIRY_SECONDS),
    remind_after_seconds: z
      .int()
      .min(SHORTEST_SECONDS)
      .optional()
      .meta({ description: "After how long those who were asked and have not decided are reminded by mail, once." }),
    escalate: escalateSchema.optional(),
    on_expiry: onExpirySchema
      .default("fail")
      .meta({ description: "What it means that nobody has decided in time: `fail` fails as `approval_expired`." }),
  })).check((context) => {
    const { on_failure, expires_in_seconds, remind_after_seconds = 0, escalate } = context.value;
    const wrong = (path: string[], message: string) =>
      context.issues.push({ code: "custom", input: context.value, path, message });
    if (on_failure === "fallback")
      wrong(["on_failure"], "fallback is not for approvals: connect the handle rejected, or choose error_edge");
    const before = `must be less than expires_in_seconds (${expires_in_seconds})`;
    if (remind_after_seconds >= expires_in_seconds) wrong(["remind_after_seconds"], before);
    if (escalate !== undefined && escalate.after_seconds >= expires_in_seconds)
      wrong(["escalate", "after_seconds"], before);
  }),
  handles: () => [APPROVED, REJECTED],
  needed_handles: [APPROVED],
  uses: ({ message, payload }) => [
    ...(message === undefined ? [] : [{ field: "message", form: "template", text: message } as const]),
    ...usesOfMapping("payload", payload),
  ],
  people: allPeople,
  lacks: (config) =>
    allPeople(config)
      .filter(({ ids }) => ids.length === 0)
      .map(({ path }) => `Name somebody in ${path.join(".")}, or take it away.`),
  waits_seconds: ({ expires_in_seconds }) => expires_in_seconds,
});
