import * as z from "zod";
import { sha256 } from "../../shared/hash.ts";
import { idSchema } from "../../shared/ids.ts";
import { asciiDomain } from "../../shared/mail/address.ts";
import { defineStates } from "../../shared/states.ts";

const statuses = ["pending", "verified", "failed", "expired"] as const;

export const domainStates = defineStates("domain", statuses, [
  { from: [], to: "pending", why: "Somebody claims it." },
  { from: ["expired"], to: "pending", why: "It is claimed again, with another value for the record." },
  { from: ["pending", "failed"], to: "verified", why: "The proof is found, or an operator vouches for it." },
  { from: ["pending"], to: "expired", why: "Nobody has proved it within seven days." },
  { from: ["verified"], to: "failed", why: "The proof was gone for fourteen days." },
]);

/** A claim that is not proved ends after this. */
export const CLAIM_SECONDS = 7 * 86_400;
/** While a claim waits, its record is looked for so often. */
export const PENDING_CHECK_SECONDS = 3_600;
/** A proved domain is looked at so often. */
export const RECHECK_SECONDS = 30 * 86_400;
/** A lost proof has to come back within this; until then it is looked for daily and owners are warned. */
export const GRACE_SECONDS = 14 * 86_400;
export const LOST_CHECK_SECONDS = 86_400;
/** A domain whose proof was lost for good is looked at so often: it comes back by itself when the record does. */
export const FAILED_CHECK_SECONDS = 7 * 86_400;
/** Where no name server answers nothing is known: asked again after this. */
export const RETRY_SECONDS = 6 * 3_600;
/** Nothing known for so long after a look was due counts as a lost proof: the servers of a given-up domain are often gone. */
export const SILENCE_SECONDS = 7 * 86_400;
/** A proof by mail counts for so long, there being no record to look at again. */
export const MAIL_PROOF_SECONDS = 365 * 86_400;
/** A link in a mail works for so long. */
export const MAIL_LINK_SECONDS = 86_400;
/** Mails to the mailboxes of one domain in a day, whoever asks for them. */
export const MAILS_PER_DOMAIN = 5;

/** Longest name whose challenge still fits a name of DNS (RFC 1035: 253 characters). */
const LONGEST = 253 - "_kaizen-challenge.".length;
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/**
 * A domain as it is kept and compared: lower case, the ASCII form of other scripts, without a dot at the end. Empty for what
 * is no name with two labels or more, addresses included.
 */
export function domainKey(text: string): string {
  const ascii = asciiDomain(text);
  const labels = ascii.split(".");
  const named = labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? "");
  return named && ascii.length <= LONGEST ? ascii : "";
}

export const domainNameSchema = z
  .string()
  .max(512)
  .transform(domainKey)
  .pipe(z.string().min(1, "must be the name of a domain, like example.com"))
  .meta({ example: "acme.example.org" });

/** The name and the value of the record that proves a domain. */
export const challengeOf = ({ domain, challenge }: { readonly domain: string; readonly challenge: string }) =>
  ({ type: "TXT", name: `_kaizen-challenge.${domain}`, value: `kaizen-domain-verification=${challenge}` }) as const;

/** Mailboxes that only whoever runs a domain reads (RFC 2142; the two that certificate authorities take, too). */
export const mailboxSchema = z.enum(["admin", "postmaster"]).meta({ id: "DomainMailbox" });

export const domainSchema = z
  .object({
    id: idSchema("domain"),
    organization_id: idSchema("organization"),
    domain: z.string().meta({ example: "acme.example.org" }),
    status: z.enum(statuses).meta({ id: "DomainStatus" }),
    method: z
      .enum(["dns", "email", "operator"])
      .meta({ id: "DomainProof" })
      .nullable()
      .meta({ description: "How it was proved last; null before." }),
    auto_join: z.boolean().meta({
      description: "Whoever registers with an address of it may join with `default_role`, while it is verified.",
    }),
    default_role: z.string(),
    expires_at: z.string().nullable().meta({ description: "When a claim ends that is not proved." }),
    verified_at: z.string().nullable(),
    last_checked_at: z.string().nullable(),
    last_check: z
      .enum(["found", "missing", "unavailable"])
      .nullable()
      .meta({ description: "What the last look for the record came to; `unavailable`: no name server answered." }),
    lost_since: z.string().nullable().meta({
      description: "Since when the proof is gone; after fourteen days the domain counts as proved no more.",
    }),
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ description: "A mail domain that an organization has claimed or proved." });

/** As it is kept. */
export const storedDomainSchema = domainSchema.extend({
  /** What the record's value says; no secret, and another one for each claim. */
  challenge: z.string(),
  /** When its proof was last seen: by a look at the record, by mail, by an operator. */
  proved_at: z.string().nullable(),
  /** How many days were left when owners were last told of the lost proof. */
  warned_days_left: z.int().nullable(),
  /** The newest link that was mailed; null when it is used. */
  link: z
    .object({ mailbox: z.string(), secret_hash: z.string(), sealed_token: z.string(), expires_at: z.string() })
    .nullable(),
  etag: z.string(),
});
export type Domain = z.output<typeof storedDomainSchema>;

export const domainView = domainSchema
  .extend({
    record: z
      .object({
        type: z.string().meta({ example: "TXT" }),
        name: z.string().meta({ example: "_kaizen-challenge.acme.example.org" }),
        value: z.string().meta({ example: "kaizen-domain-verification=x1tHQyM6h3i0c5mMZ3g5Wg7yq3c8d0eJm2bT9vYk4Ls" }),
      })
      .meta({ description: "The DNS record that proves it." }),
  })
  .meta({ id: "Domain", description: "A mail domain that an organization has claimed or proved." });

/** What a link in a mail says: organization, domain, and 256 random bits, of which the table has the hash. */
export const formatToken = (organization_id: string, id: string, secret: string): string =>
  `${organization_id}.${id}.${secret}`;

const TOKEN = /^(org_[0-9A-HJKMNP-TV-Z]{26})\.(dom_[0-9A-HJKMNP-TV-Z]{26})\.([A-Za-z0-9_-]{43})$/;

/** Undefined for what is no token at all. */
export function parseToken(token: string) {
  const [, organization_id, id, secret] = TOKEN.exec(token.trim()) ?? [];
  return organization_id === undefined || id === undefined || secret === undefined
    ? undefined
    : { organization_id, id, secret_hash: sha256(secret) };
}
