import * as z from "zod";
import type { Envelope } from "../../../shared/change/events.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import type { AttemptMessage } from "../deliveries/delivery.ts";

/** Work on one webhook that is longer than a request: a replay of a time range, or the cleaning up after a deletion. */
export type JobMessage =
  | { readonly kind: "replay"; readonly tenant: string; readonly webhook_id: string; readonly replay_id: string }
  | { readonly kind: "cleanup"; readonly tenant: string; readonly webhook_id: string };

interface FollowDeps {
  readonly attempts: Queue<AttemptMessage>;
  readonly jobs: Queue<JobMessage>;
}

const delivered = z.object({ webhook_id: z.string(), delivery_id: z.string() });
const replayed = z.object({ webhook_id: z.string(), replay_id: z.string() });
const deleted = z.object({ webhook_id: z.string() });

/**
 * Begins what a request asked for. The request itself only commits; its event brings the work here, so that nothing is
 * written to the table and a queue in a row.
 */
export async function follow(event: Envelope, { attempts, jobs }: FollowDeps): Promise<void> {
  const tenant = event.organization_id;
  switch (event.type) {
    case "webhook.test_sent":
    case "webhook.delivery_replayed": {
      const { webhook_id, delivery_id } = delivered.parse(event.data);
      return attempts.send([{ tenant, webhook_id, delivery_id }]);
    }
    case "webhook.replay_requested": {
      const { webhook_id, replay_id } = replayed.parse(event.data);
      return jobs.send([{ kind: "replay", tenant, webhook_id, replay_id }]);
    }
    case "webhook.deleted":
      return jobs.send([{ kind: "cleanup", tenant, webhook_id: deleted.parse(event.data).webhook_id }]);
    default:
  }
}
