import * as z from "zod";
import { isOrdered, OUT_OF_ORDER, timeRangeQuery } from "../../../shared/http/time-range.ts";
import { idSchema } from "../../../shared/ids.ts";
import { effectSchema } from "../model.ts";
import { decidingSchema } from "../trials/model.ts";

/** Entries that one replay looks at, at most. */
export const MOST_ENTRIES = 1_000;
/** Days that are looked back where nothing is said. */
export const DAYS = 7;
export const MOST_CHANGES = 100;

export const replaySchema = z
  .strictObject({
    version: z.int().min(1).optional().meta({ description: "What it said in this version; else what it says now." }),
    ...timeRangeQuery,
    from: timeRangeQuery.from.meta({
      description: `Not before this time; ${DAYS} days before \`to\` where not given.`,
    }),
    to: timeRangeQuery.to.meta({ description: "Not after this time; now where not given." }),
  })
  .superRefine((range, context) => {
    if (!isOrdered(range)) context.addIssue({ code: "custom", path: ["from"], message: OUT_OF_ORDER.message });
  })
  .meta({ example: { from: "2026-01-24T00:00:00.000Z" } });

const changeView = z
  .object({
    operation: z.string().meta({ example: "agents.update" }),
    resource_type: z.string().meta({ example: "agent" }),
    action: z.string().meta({ example: "update" }),
    actor: z.object({ type: z.string().meta({ example: "user" }), id: z.string() }).meta({ id: "ReplayedActor" }),
    before: effectSchema,
    after: effectSchema,
    policy: decidingSchema.meta({
      description: "What does not allow it, before or after; null where that is the type's default.",
    }),
    requests: z.int().min(1),
    last_at: z.string().meta({ example: "2026-01-31T12:00:00.000Z" }),
    audit_id: idSchema("audit").meta({ description: "The newest of them in the audit log." }),
  })
  .meta({
    id: "ReplayedChange",
    description: "Requests of one actor for one operation that would come out otherwise.",
  });

export const replayView = z
  .object({
    policy_id: idSchema("policy"),
    version: z.int(),
    from: z.string().meta({
      description:
        "Back to when it was looked. Later than what was asked for where `complete` is false: go on with this as `to`.",
      example: "2026-01-24T00:00:00.000Z",
    }),
    to: z.string().meta({ example: "2026-01-31T00:00:00.000Z" }),
    complete: z.boolean().meta({
      description: `False where there are more than ${MOST_ENTRIES} entries, or more changes than are shown.`,
    }),
    requests: z.int().meta({ description: "Recorded requests that were decided anew." }),
    unknown: z
      .object({
        not_recorded: z.int().meta({
          description:
            "The decision hangs on what the log does not keep: the second factor, how long ago somebody proved who they are, or the operation, in old entries.",
        }),
        not_there: z.int().meta({
          description:
            "Who asked is no member any more, or a policy looks at a thing that is not there, or was one of several.",
        }),
      })
      .meta({ id: "ReplayedUnknown", description: "Requests of which it cannot be said how they would come out." }),
    changes: z
      .array(changeView)
      .meta({ description: `What comes out otherwise, newly allowed first, at most ${MOST_CHANGES}.` }),
  })
  .meta({ id: "ReplayedPolicy", description: "What a policy in force would have made of what was asked." });
