import * as z from "zod";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { emailItem, PLATFORM, type User, userItem } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { backOffSeconds, FREE_ATTEMPTS, RESET_SECONDS, sha256 } from "./model.ts";

/** Attempts to sign in to one account since the last success; the account need not exist. */
export const attemptsItem = defineItem({
  type: "sign_in_attempts",
  summary: "Attempts at one account (hash of the e-mail) since its last sign-in, and until when it waits.",
  schema: z.object({
    account: z.string(),
    attempts: z.number().int(),
    locked_until: z.string().optional(),
    expires_at: z.string(),
  }),
  key: { pk: "SIGN_IN#{account}", sk: "ATTEMPTS" },
  expires: "expires_at",
});

export const passwordResetItem = defineItem({
  type: "password_reset",
  summary: "A requested password reset; single use, one hour.",
  schema: z.object({
    id: idSchema("password_reset"),
    user_id: idSchema("user").nullable(),
    status: z.enum(["pending", "used"]),
    secret_hash: z.string(),
    /** The token for the mail, encrypted; the mail function is the only one to open it. */
    sealed_token: z.string(),
    email: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "PASSWORD_RESET#{id}", sk: "PASSWORD_RESET" },
  expires: "expires_at",
});
export type PasswordReset = ItemOf<typeof passwordResetItem>;

const ATTEMPTS_KEPT_SECONDS = 86_400;

/** The name under which nobody is known; unknown accounts are looked up and tried by it, so that they take as long. */
export const NOBODY = "usr_00000000000000000000000000";

/** The user with this e-mail, if there is one. Two reads whether there is or not: the marker, then the user. */
export async function userByEmail(table: Table, email: string): Promise<User | undefined> {
  const platform = table.of(PLATFORM);
  const marker = await platform.get(emailItem, { email });
  return platform.get(userItem, { id: marker?.user_id ?? NOBODY });
}

/**
 * Admits one attempt at an account, or refuses it until its back-off has passed. Each admission is one conditional
 * write, so parallel guesses get no more attempts than serial ones.
 * @throws Problem `rate_limited` with Retry-After
 */
export async function admitAttempt(table: Table, email: string, now: Date): Promise<void> {
  const platform = table.of(PLATFORM);
  const key = { account: sha256(email) };
  const kept = { account: key.account, expires_at: timestamp(addSeconds(now, ATTEMPTS_KEPT_SECONDS)) };
  let attempts = 0;
  try {
    await platform.apply(
      attemptsItem,
      platform.writes.update(
        attemptsItem,
        key,
        { set: kept, add: { attempts: 1 } },
        { any: [{ absent: ["attempts"] }, { below: { attempts: FREE_ATTEMPTS } }] },
        (old) => {
          attempts = old?.attempts ?? FREE_ATTEMPTS;
          return waiting(old?.locked_until, now);
        },
      ),
    );
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "rate_limited") throw error;
    const locked_until = timestamp(addSeconds(now, backOffSeconds(attempts)));
    const free = {
      equals: { attempts },
      any: [{ absent: ["locked_until"] }, { below: { locked_until: timestamp(now) } }],
    };
    const admission = platform.writes.update(
      attemptsItem,
      key,
      { set: { ...kept, locked_until }, add: { attempts: 1 } },
      free,
      (old) => waiting(old?.locked_until, now),
    );
    await platform.apply(attemptsItem, admission);
  }
}

function waiting(lockedUntil: string | undefined, now: Date): Problem {
  const seconds =
    lockedUntil === undefined ? 1 : Math.max(1, Math.ceil((Date.parse(lockedUntil) - now.getTime()) / 1000));
  return new Problem("rate_limited", "Too many attempts at this account. Wait and try again.", {
    headers: { "retry-after": String(seconds) },
  });
}

/** A reset by this id that can still be used. */
export async function pendingReset(table: Table, id: string, now: Date): Promise<PasswordReset | undefined> {
  const reset = await table.of(PLATFORM).get(passwordResetItem, { id });
  return reset?.status === "pending" && Date.parse(reset.expires_at) > now.getTime() ? reset : undefined;
}

export const resetExpiry = (now: Date): string => timestamp(addSeconds(now, RESET_SECONDS));
