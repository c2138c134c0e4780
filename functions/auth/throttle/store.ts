import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";

export const throttleItem = defineItem({
  type: "throttle_counter",
  summary: "How often something was asked for before sign-in, by subject and window.",
  schema: z.object({ subject: z.string(), window: z.string(), count: z.number().int(), expires_at: z.string() }),
  key: { pk: "THROTTLE#{subject}", sk: "{window}" },
  expires: "expires_at",
});

/** Attempts to sign in to one account from one place since the last success; the account need not exist. */
export const attemptsItem = defineItem({
  type: "sign_in_attempts",
  summary:
    "Attempts at one account (hash of the e-mail) from one place since its last sign-in, and until when it waits.",
  schema: z.object({
    account: z.string(),
    place: z.string(),
    attempts: z.number().int(),
    locked_until: z.string().optional(),
    expires_at: z.string(),
  }),
  key: { pk: "SIGN_IN#{account}", sk: "ATTEMPTS#{place}" },
  expires: "expires_at",
});
export type Attempts = ItemOf<typeof attemptsItem>;

/** A device or a source from which the account has signed in: what strangers do elsewhere does not touch it. */
export const knownPlaceItem = defineItem({
  type: "known_place",
  summary: "A device or source (hash) from which an account has signed in within 90 days.",
  schema: z.object({ account: z.string(), place: z.string(), expires_at: z.string() }),
  key: { pk: "SIGN_IN#{account}", sk: "KNOWN#{place}" },
  expires: "expires_at",
});
