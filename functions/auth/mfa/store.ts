import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { idSchema } from "../../../shared/ids.ts";

/** The second factor of a user: one authenticator app with its recovery codes. */
export const secondFactorItem = defineItem({
  type: "second_factor",
  summary: "A user's authenticator app and what is left of its recovery codes; begun ones pass after a while.",
  schema: z.object({
    user_id: idSchema("user"),
    status: z.enum(["pending", "active"]),
    /** The secret that the app shares with us, encrypted. */
    sealed_secret: z.string(),
    /** The newest time step whose code was used: it and all before work no more. */
    last_step: z.int(),
    /** Keyed hashes of the codes that are left. */
    recovery_hashes: z.array(z.string()),
    /** Another one with every use, so that a code cannot be used twice at the same moment. */
    etag: z.string(),
    created_at: z.string(),
    /** Of one that was begun only. */
    expires_at: z.string().optional(),
  }),
  key: { pk: "SECOND_FACTOR#{user_id}", sk: "SECOND_FACTOR" },
  expires: "expires_at",
});
export type SecondFactor = ItemOf<typeof secondFactorItem>;

/** A sign-in whose password was right, and that waits for its code. */
export const mfaChallengeItem = defineItem({
  type: "mfa_challenge",
  summary: "A sign-in with the right password that waits for the second factor; single use, minutes.",
  schema: z.object({
    id: idSchema("mfa_challenge"),
    user_id: idSchema("user"),
    status: z.enum(["pending", "used"]),
    secret_hash: z.string(),
    /** The user's epoch when the password was read: a cut-off since then ends the challenge, too. */
    epoch: z.int(),
    /** The provider's answer to the password. Its refresh token is encrypted, and nothing else is kept of it. */
    sub: z.string(),
    origin_jti: z.string(),
    client_id: z.string(),
    sealed_token: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "MFA_CHALLENGE#{id}", sk: "MFA_CHALLENGE" },
  expires: "expires_at",
});
export type MfaChallenge = ItemOf<typeof mfaChallengeItem>;

/** What binds the secret of an app to its user. */
export const secondFactorContext = (user_id: string) =>
  ({ purpose: "second_factors", tenant: PLATFORM, field: `second_factor.${user_id}` }) as const;

/** What binds the provider's token to the challenge that waits with it. */
export const challengeContext = (id: string) =>
  ({ purpose: "pool_sessions", tenant: PLATFORM, field: `mfa_challenge.${id}` }) as const;
