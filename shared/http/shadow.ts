import * as z from "zod";
import { type ChangeContext, commitChange } from "../change/commit.ts";
import { draft } from "../change/events.ts";
import { timestamp } from "../clock.ts";
import { defineItem } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import { idSchema } from "../ids.ts";
import { addDays } from "../limits/retention.ts";
import type { ShadowDenial } from "../policies/shadow.ts";
import { shadowEvents } from "../policies/shadow-events.ts";
import type { OperationShape } from "./operation.ts";
import { isRecorded } from "./permit.ts";

/** So many of a day each have an event and an entry; from then on each that doubles their number. */
export const SHADOW_EACH = 100;
/** For so long it is known what a policy in shadow would have denied. */
export const SHADOW_DAYS = 90;

/** What a version of a policy would have denied on a day. */
export const shadowItem = defineItem({
  type: "shadow_count",
  summary: "How many requests of a day a version of a policy in shadow would have denied.",
  schema: z.object({
    policy_id: idSchema("policy"),
    day: z.string(),
    version: z.int(),
    denied: z.int(),
    expires_at: z.string(),
  }),
  // A partition of its own: every function that answers requests counts, and writes nothing else of a policy.
  key: { pk: "SHADOW#{policy_id}", sk: "{day}#{version}" },
  expires: "expires_at",
});

/**
 * Counts what policies in shadow would have denied of a request, once for each policy: one write each, which do not wait for each
 * other. Of the first hundred of a day there are events and entries too, as what is denied has them (docs/adr/0094).
 * @param counted the policies of which this request is counted; those of `denials` are added
 */
export async function recordShadow(
  table: Table,
  context: ChangeContext,
  operation: OperationShape,
  denials: Iterable<ShadowDenial>,
  counted: Set<string>,
): Promise<void> {
  const tenant = table.of(context.tenant);
  const day = timestamp(context.at).slice(0, 10);
  for (const { policy, detail } of denials) {
    const { id, name, version } = policy;
    if (counted.has(id)) continue;
    counted.add(id);
    const key = { policy_id: id, day, version };
    const expires_at = timestamp(addDays(context.at, SHADOW_DAYS));
    const { denied } = await tenant.apply(shadowItem, {
      ...tenant.writes.update(shadowItem, key, { set: { ...key, expires_at }, add: { denied: 1 } }, {}),
      lost: "repeat",
    });
    if (!isRecorded(denied, SHADOW_EACH)) continue;
    const data = { policy_id: id, name, version, operation: operation.id, detail, denied };
    const event = draft(shadowEvents, "policy.shadow_denied", { id, name }, data, { reason: detail });
    await commitChange(table, context, { writes: [], events: [event] });
  }
}
