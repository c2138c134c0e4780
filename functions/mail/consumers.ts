import { addSeconds, timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { Problem } from "../../shared/errors.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { addressHash, undeliverableItem } from "../../shared/mail/undeliverable.ts";
import { undeliveredOf, WITHHELD_DAYS } from "./model.ts";

const DAY_SECONDS = 86_400;

/** Remembers to whom nothing more is to be sent. An event that comes twice, or late, says the same again. */
export async function recordUndelivered(
  event: unknown,
  { table, clock, log }: Pick<Platform, "table" | "clock" | "log">,
): Promise<void> {
  const at = clock.now();
  const platform = table.of(PLATFORM);
  for (const { address, reason } of undeliveredOf(event)) {
    const expires_at = timestamp(addSeconds(at, WITHHELD_DAYS[reason] * DAY_SECONDS));
    // A bounce does not shorten what a complaint has asked for.
    const kept = { address_hash: addressHash(address), reason, at: timestamp(at), expires_at };
    const longer = { any: [{ absent: ["expires_at"] }, { below: { expires_at } }] } as const;
    try {
      await platform.transact([platform.writes.put(undeliverableItem, kept, longer, lostRace)]);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
    }
    log.info("mail.undeliverable", { reason });
  }
}
