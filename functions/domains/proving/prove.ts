import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { domainEvents } from "../events.ts";
import { type Domain, domainStates } from "../model.ts";
import { disownWrite, domainCheck, domainItem, ownWrite } from "../store.ts";
import { graceOf, proof, type Verdict } from "./rules/judge.ts";

/** What moves a domain on: the writes hold as long as it is as it was read (412 otherwise). */
export interface Move {
  readonly domain: Domain;
  readonly writes: readonly Write[];
  readonly event: EventDraft | undefined;
}

/** What a verdict writes and tells: the domain, whose it is over all organizations, when it is looked at again. */
export function applied(table: Table, read: Domain, { set, tell, next }: Verdict, at: Date): Move {
  const domain: Domain = { ...read, ...set, updated_at: timestamp(at), etag: newEtag(at) };
  const tenant = table.of(read.organization_id);
  return {
    domain,
    writes: [
      tenant.writes.replace(domainItem, domain, read.etag),
      ...(tell === "verified" ? [ownWrite(table, domain)] : []),
      ...(tell === "failed" ? [disownWrite(table, domain)] : []),
      next === undefined ? domainCheck.clear(tenant, domain.id) : domainCheck.set(tenant, domain.id, next),
    ],
    event: told(domain, tell, at),
  };
}

function told(domain: Domain, tell: Verdict["tell"], at: Date): EventDraft | undefined {
  const data = { domain_id: domain.id, domain: domain.domain };
  const about = { id: domain.id, name: domain.domain };
  const method = domain.method ?? "dns";
  switch (tell) {
    case undefined:
      return undefined;
    case "verified":
    case "proof_found":
      return draft(domainEvents, `domain.${tell}`, about, { ...data, method });
    case "proof_lost": {
      const { ends_at, days_left } = graceOf(domain, at);
      return draft(domainEvents, "domain.proof_lost", about, {
        ...data,
        method,
        ends_at: timestamp(ends_at),
        days_left,
      });
    }
    case "failed":
    case "expired":
      return draft(domainEvents, `domain.${tell}`, about, data);
  }
}

/**
 * Proves a domain by other means than its record. One that is proved already is proved anew.
 * @param next when it is looked at again; undefined for never
 * @throws Problem `conflict` (409) for a claim that has ended
 */
export function proved(
  table: Table,
  read: Domain,
  method: "email" | "operator",
  next: Date | undefined,
  at: Date,
): Move & { readonly event: EventDraft } {
  if (read.status === "expired") throw domainStates.refusal(read.status, "verified");
  const verified_at = read.status === "verified" ? read.verified_at : timestamp(at);
  const set = { ...proof(method, at), status: "verified", verified_at, link: null } as const;
  const move = applied(table, read, { set, tell: "verified", next }, at);
  if (move.event === undefined) throw new Error("a proof is told of");
  return { ...move, event: move.event };
}
