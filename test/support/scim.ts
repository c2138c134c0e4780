import { inject } from "vitest";
import { domainOwnerItem } from "../../functions/domains/owning/store.ts";
import type { DirectoryCall } from "../../functions/scim/protocol/call.ts";
import { commitChange } from "../../shared/change/commit.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import {
  emailItem,
  membershipItem,
  type Organization,
  organizationItem,
  PLATFORM,
  userItem,
} from "../../shared/identity/items.ts";
import { newId } from "../../shared/ids.ts";
import { type ApiAnswer, answerOf, type Company, unique } from "./api.ts";
import { newDomain } from "./domains.ts";
import { stackTable } from "./stack.ts";

/** A company's directory: calls SCIM with its token. */
export interface Directory {
  readonly token: string;
  readonly token_id: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

/** One call to `/scim/v2`; never throws for an error status. */
export async function scim(
  method: string,
  path: string,
  { token, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<ApiAnswer> {
  const answer = await fetch(`${inject("stack").apiUrl}/scim/v2${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return answerOf(answer.status, answer.headers, await answer.text());
}

/** Makes a token for a company's directory. */
export async function directoryOf(company: Company): Promise<Directory> {
  const made = await company.call("POST", "/scim/tokens", { name: unique("Directory") });
  if (made.status !== 201) throw new Error(`no token: ${made.status} ${made.text}`);
  const { token, id } = made.body;
  return {
    token,
    token_id: id,
    call: (method, path, body, headers = {}) => scim(method, path, { token, body, headers }),
  };
}

/** A domain that is an organization's, as if it had proved it: how is not what these tests are about. */
export async function ownDomain({ organization_id }: Pick<Company, "organization_id">): Promise<string> {
  const domain = newDomain();
  const platform = stackTable().of(PLATFORM);
  const domain_id = newId("domain", new Date());
  const owner = { domain, organization_id, domain_id, auto_join: false, default_role: "viewer" };
  await platform.transact([platform.writes.put(domainOwnerItem, owner)]);
  return domain;
}

export const CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User";
export const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** Somebody as a directory posts them. */
export const posted = (address: string, more: object = {}) => ({
  schemas: [CORE_USER],
  userName: address,
  displayName: "Ada Lovelace",
  emails: [{ value: address, type: "work", primary: true }],
  active: true,
  ...more,
});

export const patchOf = (...Operations: readonly object[]) => ({ schemas: [PATCH], Operations });

export const CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";

export const group = (displayName: string, members: readonly string[] = [], more: object = {}) => ({
  schemas: [CORE_GROUP],
  displayName,
  members: members.map((value) => ({ value })),
  ...more,
});

/** Somebody whom a directory has brought; gives their id. */
export async function bring(directory: Directory, domain: string): Promise<string> {
  const made = await directory.call("POST", "/Users", posted(`${unique("p")}@${domain}`));
  if (made.status !== 201) throw new Error(`nobody was brought: ${made.status} ${made.text}`);
  return made.body.id;
}

/** Has a directory describe somebody who is a member already, with another address, of a domain of the organization. */
export async function describeTo(
  company: Company,
  directory: Directory,
  { user_id }: { readonly user_id: string },
): Promise<void> {
  const email = `${unique("m")}@${await ownDomain(company)}`;
  await readdress(user_id, email);
  const made = await directory.call("POST", "/Users", posted(email));
  if (made.status !== 201 || made.body.id !== user_id) throw new Error(`not described: ${made.status} ${made.text}`);
}

/**
 * A directory's request as handlers see it, for what happens in the midst of one.
 * @param before what others do right before each commit, by how often it was tried before
 */
export async function directoryCall(
  { organization_id, user_id }: Company,
  before: (tries: number) => Promise<unknown> = async () => {},
): Promise<DirectoryCall> {
  const table = stackTable();
  const tenant = table.of(organization_id);
  const at = new Date();
  const principal = { type: "scim_token", id: "sct_00000000000000000000000000" } as const;
  const organization = await tenant.get(organizationItem, {});
  const audit_days = 30;
  const context = { tenant: organization_id, actor: principal, at, trace_id: "test", request: null, audit_days };
  let tries = 0;
  return {
    caller: { principal, organization: organization as Organization, grants: [], created_by: user_id, reach: [] },
    ...{ at, origin: "", if_match: undefined, context },
    stillPermitted: () => tenant.writes.check(membershipItem, { user_id }, { exists: true }, lostRace),
    async commit(change) {
      await before(tries++);
      await commitChange(table, context, change);
    },
  };
}

/** Gives a user another address, as if they had changed it. */
export async function readdress(user_id: string, email: string): Promise<void> {
  const platform = stackTable().of(PLATFORM);
  await platform.transact([
    platform.writes.update(userItem, { id: user_id }, { set: { email } }),
    platform.writes.put(emailItem, { email, user_id }),
  ]);
}
