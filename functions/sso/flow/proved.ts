import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { type Profile, type Refusal, refusals } from "../model.ts";
import { type SignIn, signInItem } from "../store.ts";

export const invalidCode = (): Problem =>
  new Problem("invalid_credentials", "The code is not valid or no longer valid. Begin the sign-in again.");

/** Somebody whom a provider has proved, and who does not get what the sign-in is for. */
export class NotLetIn extends Problem {
  readonly reason: Refusal;
  constructor(reason: Refusal) {
    super("conflict", refusals[reason], { members: { reason } });
    this.reason = reason;
  }
}

export const notLetIn = (reason: Refusal): NotLetIn => new NotLetIn(reason);

/** What a sign-in keeps until it is spent. */
export const KEPT_FOR_PROOF = ["code_hash", "profile", "sealed_tokens", "browser_hash"] as const;

/** An id of a sign-in and the secret that proves it, as they travel: `ssn_….<256 bits>`. */
export function parseTicket(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = /^(ssn_[0-9A-HJKMNP-TV-Z]{26})\.([\w-]{43})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

interface Shown {
  readonly body: { readonly code: string; readonly code_verifier: string };
  readonly at: Date;
}

/**
 * The sign-in that a code and its verifier prove, if it is for this.
 * @throws Problem `invalid_credentials`
 */
export async function provedSignIn(
  table: Table,
  purpose: SignIn["purpose"],
  { body, at }: Shown,
): Promise<{ readonly signIn: SignIn; readonly profile: Profile }> {
  const ticket = parseTicket(body.code);
  if (ticket === undefined) throw invalidCode();
  const signIn = await table.of(PLATFORM).get(signInItem, { id: ticket.id });
  if (signIn?.status !== "proved" || Date.parse(signIn.expires_at) <= at.getTime()) throw invalidCode();
  const { profile, code_hash, app } = signIn;
  if (code_hash !== sha256(ticket.secret) || app?.code_challenge !== sha256(body.code_verifier)) throw invalidCode();
  if (signIn.purpose !== purpose) throw invalidCode();
  if (profile === undefined) throw new Error(`${ticket.id} is proved and says nothing`);
  return { signIn, profile };
}

export const taken = (): Problem =>
  alreadyExists("identity", "This sign-in belongs to another user by now. Begin again.");

/** As what a refusal stands in the history; undefined for what the app may send again. */
export function reasonOf(error: unknown): Refusal | undefined {
  if (error instanceof NotLetIn) return error.reason;
  if (!(error instanceof Problem)) return undefined;
  if (error.code === "quota_exceeded") return "organization_full";
  return error.code === "already_exists" ? "identity_taken" : undefined;
}

/** The write that uses a proved sign-in up. What it was kept for goes with it: that it is spent is all that is left. */
export const spending = (table: Table, { id }: SignIn): Write =>
  table
    .of(PLATFORM)
    .writes.transition(
      signInItem,
      { id },
      { from: ["proved"], set: { status: "spent" }, remove: KEPT_FOR_PROOF },
      invalidCode,
    );
