import type { Table } from "../../../shared/dynamo/table.ts";
import { notFound, type Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Output } from "../../../shared/http/operation.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { domainOf } from "../../../shared/mail/address.ts";
import { domainOwner, stillJoins } from "../../domains/public.ts";
import { type Joining, joined, joinWrites } from "../../users/public.ts";
import type { AuthDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { LARGEST_ACCOUNT, withNewAccount } from "./account.ts";
import { type Registration, spendRegistration } from "./store.ts";

type Join = (typeof operations)["joinDomain"];

const nobodyJoins = (): Problem =>
  notFound("No organization takes people with an address of this domain by itself. Ask for an invitation.");

/** The organization that whoever has this address may join by it alone, and as what; undefined where there is none. */
export async function openDomain(table: Table, email: string) {
  const owner = await domainOwner(table, domainOf(email));
  if (owner?.auto_join !== true) return undefined;
  const organization = await table.of(owner.organization_id).get(organizationItem, {});
  return organization?.status === "active" ? { owner, organization, role: owner.default_role } : undefined;
}

/** Items at most beside the account: token, domain, membership (4), its role, the event with its entry. */
const LARGEST_JOIN = 9;

/**
 * Makes the account of somebody whose proved address is of an organization's open domain: user, membership, seat and session
 * are one transaction, which spends the token and holds as long as the domain lets people in.
 */
export async function joinByDomain(
  call: Call<Join>,
  deps: AuthDeps,
  { id, email, name, language }: Registration,
  spent: () => Problem,
): Promise<Output<Join>> {
  const { at, body } = call;
  const { table } = deps;
  const open = await openDomain(table, email);
  if (open === undefined) throw nobodyJoins();
  const { owner, organization, role } = open;
  const person = { email, name, language, password: body.password, organization_id: organization.id };
  return withNewAccount(deps, person, call, ({ user, tokens, device_token, ...account }) => {
    const joining: Joining = {
      organization,
      user,
      role,
      joined_via: "domain",
      primary: true,
      inactive: nobodyJoins,
      at,
    };
    return call.commit(
      {
        writes: [
          spendRegistration(table, id, spent),
          stillJoins(table, owner, nobodyJoins),
          ...joinWrites(table, joining),
          ...account.writes,
        ],
        events: [...account.events, joined(joining)],
        largest: LARGEST_ACCOUNT + LARGEST_JOIN + 1,
      },
      { user, organization, role, tokens, device_token },
      { tenant: organization.id, actor: { type: "user", id: user.id } },
    );
  });
}
