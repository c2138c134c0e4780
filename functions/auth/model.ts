import { createHash } from "node:crypto";
import * as z from "zod";
import { userSchema } from "../../shared/identity/items.ts";
import { cutText } from "../../shared/text.ts";
import { workspaceSchema } from "../workspaces/model.ts";

/** Length is what protects a password; Cognito checks the same lower bound. */
export const passwordSchema = z
  .string()
  .min(12, "must have at least 12 characters")
  .max(256)
  .meta({ format: "password" });

export const userView = userSchema
  .omit({ etag: true, sessions_valid_from: true })
  .meta({ id: "User", description: "A person, in any number of organizations." });
export { organizationView } from "../organizations/model.ts";
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

/** A slug from a name: lower case, letters and digits of ASCII, single dashes. Never empty. */
export function slugify(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const slug = cutText(plain, 60).replace(/-+$/, "");
  return slug === "" ? "organization" : slug;
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** A refresh token names its session and proves itself with a secret of 256 bits. */
export const formatRefreshToken = (originJti: string, secret: string): string => `krt_${originJti}.${secret}`;

export function parseRefreshToken(token: string): { readonly origin_jti: string; readonly secret: string } | undefined {
  const parts = /^krt_([A-Za-z0-9-]{1,100})\.([A-Za-z0-9_-]{43})$/.exec(token);
  return parts?.[1] === undefined || parts[2] === undefined ? undefined : { origin_jti: parts[1], secret: parts[2] };
}

/** Failed sign-ins of one account that wait for nothing. */
export const FREE_ATTEMPTS = 4;
const BACK_OFF_SECONDS = 30;
const LONGEST_BACK_OFF_SECONDS = 900;

/** Seconds until the next attempt after this many attempts since the last success: 30 s, then doubled, at most 15 minutes. */
export const backOffSeconds = (attempts: number): number =>
  attempts < FREE_ATTEMPTS
    ? 0
    : Math.min(LONGEST_BACK_OFF_SECONDS, BACK_OFF_SECONDS * 2 ** Math.min(10, attempts - FREE_ATTEMPTS));

export const SESSION_SECONDS = 7 * 86_400;
export const RESET_SECONDS = 3_600;
