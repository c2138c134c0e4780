import type * as z from "zod";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { type Claim, claimOf, claimsOf, domainOwner, type Ruling, released, vouched } from "../../domains/public.ts";
import type { OperatorsDeps } from "../deps.ts";
import type { domainClaim } from "../model.ts";
import type { operations } from "./operations.ts";

type Ops = typeof operations;

const shown = ({ organization, domain }: Claim): z.input<typeof domainClaim> => ({
  organization_id: organization.id,
  organization_name: organization.name,
  organization_status: organization.status,
  domain_id: domain.id,
  status: domain.status,
  method: domain.method,
  claimed_at: domain.created_at,
  verified_at: domain.verified_at,
});

export const getDomain: Handler<Ops["getDomain"], OperatorsDeps> = async ({ path: { domain } }, { table }) => {
  const owner = await domainOwner(table, domain);
  const proved = owner && (await claimOf(table, domain, owner.organization_id));
  return { domain, proved_by: proved === undefined ? null : shown(proved) };
};

export const listDomainClaims: Handler<Ops["listDomainClaims"], OperatorsDeps> = async (
  { path: { domain }, query },
  { table },
) => {
  const page = await claimsOf(table, domain, query);
  return { ...page, items: page.items.map(shown) };
};

/** A decision about a claim, as long as the caller is an operator: the entry stands in the organization's own trail. */
const rule = (
  call: Call<Ops["verifyDomain" | "releaseDomain"]>,
  table: Table,
  decide: (claim: Claim, reason: string) => Ruling,
) => {
  const { organization_id, reason } = call.body;
  return updateWithRetry(undefined, async () => {
    const claim = await claimOf(table, call.path.domain, organization_id);
    if (claim === undefined) throw notFound(`${organization_id} does not claim ${call.path.domain}.`);
    const { domain, writes, event } = decide(claim, reason);
    return call.commit({ writes: [call.stillPermitted(), ...writes], events: [event] }, shown({ ...claim, domain }), {
      tenant: organization_id,
      actor: call.caller.principal,
    });
  });
};

export const verifyDomain: Handler<Ops["verifyDomain"], OperatorsDeps> = (call, { table }) =>
  rule(call, table, (claim, reason) => vouched(table, claim, reason, call.at));

export const releaseDomain: Handler<Ops["releaseDomain"], OperatorsDeps> = (call, { table }) =>
  rule(call, table, (claim, reason) => released(table, claim, reason));
