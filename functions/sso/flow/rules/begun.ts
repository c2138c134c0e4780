import * as z from "zod";
import { waySchema } from "../../../../shared/identity/items.ts";
import { idSchema } from "../../../../shared/ids.ts";
import { leadSchema } from "../../model.ts";

/**
 * A sign-in that anybody has begun, as their browser alone keeps it. Nothing of it is taken on trust: the connection is
 * read and the app's address looked at again when the browser comes back, so whoever writes one themselves has no more
 * than what a start would have given them. What proves that the browser is the one is the pool's: a nonce and a
 * verifier that are made of the secret.
 */
const begunSchema = z.strictObject({
  id: idSchema("sso_sign_in"),
  /** 256 random bits as base64url, of which nonce and verifier are made. */
  secret: z.string().regex(/^[\w-]{43}$/),
  lead: leadSchema,
  way: waySchema,
  app: z.strictObject({ redirect_uri: z.string(), state: z.string(), code_challenge: z.string() }),
  expires_at: z.iso.datetime(),
});
export type Begun = z.output<typeof begunSchema>;

/** A browser has so many at most, the oldest of which makes room: they are sent with every request of the origin. */
const PLACES = 4;
/** Longest cookie: all of them together are well below what a gateway takes of headers (10,240 bytes). */
const LONGEST = 1_900;

const nameOf = (place: number): string => `__Host-sso-begun-${place}`;
const setting = (place: number, value: string, seconds: number): string =>
  `${nameOf(place)}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;

/** What a browser keeps in its places; undefined in a place where there is nothing, or nothing of ours. */
function places(cookies: string): (Begun | undefined)[] {
  const pairs = new Map(
    cookies.split(";").map((part) => {
      const [name = "", ...value] = part.trim().split("=");
      return [name, value.join("=")] as const;
    }),
  );
  return Array.from({ length: PLACES }, (_, place) => {
    try {
      const text = Buffer.from(pairs.get(nameOf(place)) ?? "", "base64url").toString("utf8");
      return begunSchema.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  });
}

/**
 * The cookie that keeps a sign-in: in a free place of the browser's, or in place of the one that was begun first.
 * @returns undefined where it would be longer than browsers and gateways take
 */
export function begunCookie(cookies: string, begun: Begun, seconds: number): string | undefined {
  const value = Buffer.from(JSON.stringify(begun)).toString("base64url");
  if (value.length > LONGEST) return undefined;
  const kept = places(cookies);
  const ids = kept.map((one) => one?.id ?? "");
  // Ids begin with their time: no id at all comes first.
  const place = ids.indexOf([...ids].sort()[0] ?? "");
  return setting(place, value, seconds);
}

/** The sign-in of this id that the browser has begun, with the cookie that takes it away. */
export function begunIn(cookies: string, id: string): { readonly begun: Begun; readonly ended: string } | undefined {
  const kept = places(cookies);
  const place = kept.findIndex((one) => one?.id === id);
  const begun = kept[place];
  return begun && { begun, ended: setting(place, "", 0) };
}
