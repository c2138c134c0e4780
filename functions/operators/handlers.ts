import type { Principal } from "../../shared/access/principal.ts";
import type { ChangeSet } from "../../shared/change/commit.ts";
import { type IfMatch, requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { notFound } from "../../shared/errors.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { type Organization, organizationItem } from "../../shared/identity/items.ts";
import {
  findOrganizations,
  limitsMove,
  type OrganizationMove,
  planChange,
  restoration,
  suspension,
} from "../organizations/public.ts";
import type { OperatorsDeps } from "./deps.ts";
import { factsOf } from "./facts/read.ts";
import { limitsOf } from "./limits/model.ts";
import type { operations } from "./operations.ts";

export {
  approveAccess,
  askAccess,
  getAccess,
  getOperatorAccess,
  listAccesses,
  listOperatorAccesses,
  revokeAccess,
  revokeOperatorAccess,
} from "./access/handlers.ts";
export { getDomain, listDomainClaims, releaseDomain, verifyDomain } from "./domains/handlers.ts";

type Ops = typeof operations;
type Moving = Call<Ops["suspendOrganization" | "restoreOrganization" | "setPlan"]>;

async function organizationOf(table: Table, id: string): Promise<Organization> {
  const organization = await table.of(id).get(organizationItem, {});
  if (organization === undefined) throw notFound();
  return organization;
}

/** Who asks for a move, and how it is committed with the answer to them. */
interface Mover {
  readonly call: Pick<Moving, "path" | "caller" | "stillPermitted">;
  readonly if_match?: IfMatch;
  commit(change: ChangeSet, organization: Organization, as: { tenant: string; actor: Principal }): Promise<unknown>;
}

/** Moves an organization on, as long as the caller is an operator: the entry stands in the organization's own trail. */
const moved = (
  { call, if_match, commit }: Mover,
  table: Table,
  next: (read: Organization) => OrganizationMove,
): Promise<Organization> =>
  updateWithRetry(if_match, async () => {
    const read = await organizationOf(table, call.path.organization_id);
    requireMatch(if_match, read.etag);
    const { organization, writes, event } = next(read);
    if (organization === read) return read;
    const change: ChangeSet = { writes: [call.stillPermitted(), ...writes], events: [event] };
    await commit(change, organization, { tenant: organization.id, actor: call.caller.principal });
    return organization;
  });

const move = (call: Moving, table: Table, next: (read: Organization) => OrganizationMove): Promise<Organization> =>
  moved({ call, commit: (change, organization, as) => call.commit(change, organization, as) }, table, next);

export const listOrganizations: Handler<Ops["listOrganizations"], OperatorsDeps> = ({ query }, { table }) =>
  findOrganizations(table, query);

export const getOrganization: Handler<Ops["getOrganization"], OperatorsDeps> = ({ path, at }, deps) =>
  factsOf(deps, path.organization_id, at);

export const suspendOrganization: Handler<Ops["suspendOrganization"], OperatorsDeps> = (call, { table }) =>
  move(call, table, (read) => suspension(table, read, call.body.reason, call.at));

export const restoreOrganization: Handler<Ops["restoreOrganization"], OperatorsDeps> = (call, { table }) =>
  move(call, table, (read) => restoration(table, read, call.at));

export const setPlan: Handler<Ops["setPlan"], OperatorsDeps> = (call, { table }) =>
  move(call, table, (read) => planChange(table, read, call.body.plan, call.at));

export const changeLimits: Handler<Ops["changeLimits"], OperatorsDeps> = async (call, { table, limits }) => {
  const answer = (organization: Organization) => ({
    ...limitsOf(organization, limits.user),
    etag: organization.etag,
  });
  const mover: Mover = {
    call,
    if_match: call.if_match,
    commit: (change, organization, as) => call.commit(change, answer(organization), as),
  };
  return answer(await moved(mover, table, (read) => limitsMove(table, read, call.body, call.at)));
};
