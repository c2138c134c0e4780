import { type Rights, roleProofs } from "../access/grants.ts";
import { keyStands } from "../access/keys/rights.ts";
import { accessProofs } from "../access/operator-access.ts";
import { target } from "../dynamo/transaction.ts";
import type { Write } from "../dynamo/write.ts";
import type { Platform } from "./platform.ts";

/** What the transactions of a request prove of the rights that it was permitted by, beside what its handler proves itself. */

/** What an operator's access proves in every transaction that it brings about, beside what the handler proves itself. */
export function byAccess({ table, clock }: Platform, rights: Rights | undefined, writes: readonly Write[]): Write[] {
  if (rights?.by !== "operator_access") return [];
  const proved = new Set(writes.filter(({ item }) => item.ConditionCheck !== undefined).map(({ type }) => type));
  return accessProofs(table, rights, clock.now()).filter(({ type }) => !proved.has(type));
}

/**
 * What is proved beside the membership: that a role of the organization's own still grants what it granted, that an API key
 * still counts. A change of this very role judges it by itself, and so does what gives it on (`requireGivable`).
 */
export function byRole({ table }: Platform, rights: Rights | undefined, writes: readonly Write[]): Write[] {
  if (rights === undefined) return [];
  const named = new Set(writes.map(target));
  const proofs = [...roleProofs(table, rights), ...(rights.by === "api_key" ? [keyStands(table, rights)] : [])];
  return proofs.filter((proof) => !named.has(target(proof)));
}
