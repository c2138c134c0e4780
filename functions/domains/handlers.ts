import { userIdOf } from "../../shared/access/caller.ts";
import { changedFields, draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { alreadyExists } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { takeQuota } from "../../shared/limits/quota.ts";
import { requireGivenByRule } from "../users/public.ts";
import type { DomainsDeps } from "./deps.ts";
import { domainEvents } from "./events.ts";
import { CLAIM_SECONDS, type Domain, PENDING_CHECK_SECONDS } from "./model.ts";
import { requireClaimable } from "./naming/claimable.ts";
import type { operations } from "./operations.ts";
import { claimedDomainItem, domainCheck, domainItem, ownWrite, removal, shown, takeName } from "./store.ts";

export { confirm, sendVerificationMail, verify } from "./proving/handlers.ts";

type Ops = typeof operations;

/** What every claim begins with, the first one and another one after it has ended. */
const begun = (challenge: string, at: Date) =>
  ({
    status: "pending",
    expires_at: timestamp(addSeconds(at, CLAIM_SECONDS)),
    last_checked_at: null,
    last_check: null,
    challenge,
    link: null,
    updated_at: timestamp(at),
    etag: newEtag(at),
  }) as const;

export const claim: Handler<Ops["claim"], DomainsDeps> = async (call, { table, randomSecret }) => {
  const { caller, at, body } = call;
  const { domain: name } = body;
  await requireClaimable(name);
  const { id: organization_id, plan } = caller.organization;
  const tenant = table.of(organization_id);
  const look = addSeconds(at, PENDING_CHECK_SECONDS);
  return updateWithRetry(undefined, async () => {
    const claimed = await table.of(PLATFORM).get(claimedDomainItem, { domain: name, organization_id });
    const before = claimed && (await tenant.get(domainItem, { id: claimed.domain_id }));
    if (before !== undefined && before.status !== "expired")
      throw alreadyExists("domain", `The organization has claimed it already: ${before.id} (${before.status}).`);
    const domain: Domain = {
      id: newId("domain", at),
      organization_id,
      domain: name,
      method: null,
      auto_join: false,
      default_role: "viewer",
      verified_at: null,
      lost_since: null,
      proved_at: null,
      warned_days_left: null,
      created_by: userIdOf(caller.principal) ?? caller.principal.id,
      created_at: timestamp(at),
      ...before,
      ...begun(randomSecret(), at),
    };
    const made =
      before === undefined
        ? [takeName(table, domain), takeQuota(tenant, plan, "domains"), tenant.writes.create(domainItem, domain)]
        : [tenant.writes.replace(domainItem, domain, before.etag)];
    return call.commit(
      {
        writes: [call.stillPermitted(), ...made, domainCheck.set(tenant, domain.id, look)],
        events: [
          draft(domainEvents, "domain.claimed", { id: domain.id, name }, { domain_id: domain.id, domain: name }),
        ],
      },
      shown(domain),
    );
  });
};

export const list: Handler<Ops["list"], DomainsDeps> = async ({ caller, query }, { table }) => {
  const page = await table.of(caller.organization.id).page(domainItem, { index: "gsi1", of: {}, ...query });
  return { ...page, items: page.items.map(shown) };
};

export const get: Handler<Ops["get"], DomainsDeps> = async (call) => shown(await call.load());

export const update: Handler<Ops["update"], DomainsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { auto_join = read.auto_join, default_role = read.default_role } = body;
    // Whoever lets people in gives them the role, whoever chose it.
    const given = await requireGivenByRule(table, caller, [{ path: "default_role", role: default_role }]);
    const changes = changedFields(read, { ...read, auto_join, default_role });
    if (changes.length === 0) return shown(read);
    const next: Domain = { ...read, auto_join, default_role, updated_at: timestamp(at), etag: newEtag(at) };
    const { id, domain } = read;
    const changed_fields = changes.map(({ field }) => field);
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...given,
          table.of(read.organization_id).writes.replace(domainItem, next, read.etag),
          ...(read.status === "verified" ? [ownWrite(table, next)] : []),
        ],
        events: [
          draft(
            domainEvents,
            "domain.updated",
            { id, name: domain },
            { domain_id: id, domain, changed_fields },
            { changes },
          ),
        ],
      },
      shown(next),
    );
  });
};

export const remove: Handler<Ops["remove"], DomainsDeps> = async (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { id, domain } = read;
    return call.commit(
      {
        writes: [call.stillPermitted(), ...removal(table.of(read.organization_id), read)],
        events: [draft(domainEvents, "domain.removed", { id, name: domain }, { domain_id: id, domain })],
      },
      undefined,
    );
  });
