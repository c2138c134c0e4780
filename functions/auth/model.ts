import * as z from "zod";
import { LONGEST_SESSION_HOURS } from "../../shared/identity/settings.ts";
import { workspaceSchema } from "../workspaces/model.ts";

/**
 * A password as it is kept and compared, wherever one is typed: spaces of all kinds are a space, composed characters
 * are one (NFC), as RFC 8265 (OpaqueString) has it; and none stands at either end, because Cognito refuses that.
 */
export const normalizePassword = (typed: string): string =>
  typed
    .replaceAll(/\p{Zs}/gu, " ")
    .normalize("NFC")
    .trim();

/** What is typed may be longer than what is kept, by spaces and by accents. */
const TYPED_PASSWORD = 1_024;
const LONGEST_PASSWORD = 256;
const SHORTEST_PASSWORD = 12;

/** A password that is set. Length is what protects it, counted in characters; Cognito checks the same lower bound. */
export const passwordSchema = z
  .string()
  .max(TYPED_PASSWORD)
  .overwrite(normalizePassword)
  .min(SHORTEST_PASSWORD, `must have at least ${SHORTEST_PASSWORD} characters, spaces at the ends not counted`)
  .max(LONGEST_PASSWORD)
  .refine((password) => [...password].length >= SHORTEST_PASSWORD, `must have at least ${SHORTEST_PASSWORD} characters`)
  .refine((password) => !/\p{Cc}/u.test(password), "must not contain control characters")
  .meta({ format: "password" });

/** A password that is tried. */
export const triedPasswordSchema = z
  .string()
  .max(TYPED_PASSWORD)
  .overwrite(normalizePassword)
  .min(1)
  .max(LONGEST_PASSWORD)
  .meta({ format: "password" });

/** What a device keeps from one sign-in for the next: 256 bits. */
export const deviceTokenSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, "is not a device token")
  .meta({
    description: "From an earlier sign-in on this device. Guesses of others elsewhere do not slow this device down.",
  });

export { organizationView } from "../organizations/model.ts";

import { userView } from "../users/model.ts";

export { userView };
export const workspaceView = workspaceSchema;

export const tokensSchema = z
  .object({
    token_type: z.literal("Bearer"),
    access_token: z.string(),
    expires_in: z.number().int().meta({ description: "Seconds until the access token expires." }),
    refresh_token: z.string().meta({ description: "Works once; every refresh gives a new one." }),
  })
  .meta({ id: "Tokens" });
export type Tokens = z.output<typeof tokensSchema>;

/** What a sign-in gives. */
export const signedInSchema = z
  .object({ status: z.literal("signed_in"), user: userView, tokens: tokensSchema, device_token: deviceTokenSchema })
  .meta({ id: "SignedIn", description: "A session was opened." });

/** What a sign-in gives first where the account has a second factor. */
export const challengeSchema = z
  .object({
    status: z.literal("mfa_required"),
    challenge: z.string().meta({ description: "Goes with the code to `POST /auth/login/mfa`, once." }),
    methods: z.array(z.enum(["totp", "recovery_code"])),
    expires_at: z.string(),
  })
  .meta({ id: "MfaChallenge", description: "The password is right; nothing is open before the second factor." });

/** A code of the authenticator app, or a recovery code. */
export const codeSchema = z
  .string()
  .trim()
  .min(6)
  .max(20)
  .meta({ description: "Of the authenticator app, or a recovery code.", example: "123456" });

/** What names a session: the account at the pool and the family of its tokens. */
export interface SessionName {
  readonly sub: string;
  readonly origin_jti: string;
}

/** A refresh token names its session and proves itself with a secret of 256 bits. */
export const formatRefreshToken = ({ sub, origin_jti }: SessionName, secret: string): string =>
  `krt_${sub}.${origin_jti}.${secret}`;

export function parseRefreshToken(token: string): (SessionName & { readonly secret: string }) | undefined {
  const parts = /^krt_([A-Za-z0-9-]{1,100})\.([A-Za-z0-9-]{1,100})\.([A-Za-z0-9_-]{43})$/.exec(token);
  const [, sub, origin_jti, secret] = parts ?? [];
  return sub === undefined || origin_jti === undefined || secret === undefined
    ? undefined
    : { sub, origin_jti, secret };
}

export const SESSION_SECONDS = LONGEST_SESSION_HOURS * 3_600;

/** Live sessions of one user; opening one more ends the oldest. A transaction that ends them all stays far below 100 items. */
export const SESSIONS_PER_USER = 25;
export const RESET_SECONDS = 3_600;
export const EMAIL_CHANGE_SECONDS = 86_400;
export const REGISTRATION_SECONDS = 86_400;
