import type { OwnRole } from "../../../shared/access/own-roles.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { accountsWith } from "../../api-keys/public.ts";
import { domainsGiving } from "../../domains/public.ts";
import { invitationsTo } from "../../invitations/public.ts";
import { directoryGives } from "../../scim/public.ts";
import { connectionsGiving } from "../../sso/public.ts";

/** What gives a role to people who are yet to come, and programs that have it. */
export interface Naming {
  readonly type: "invitation" | "domain" | "sso_connection" | "scim_settings" | "service_account";
  readonly id: string;
}

/** So many are named in a refusal. */
const MOST_NAMED = 20;

/** Whatever gives this role to people who are yet to come, or has it and is no member: at most so many as a refusal names. */
export async function naming(tenant: TenantTable, role: string): Promise<Naming[]> {
  const found: Naming[] = [];
  for await (const one of all(tenant, role)) {
    found.push(one);
    if (found.length === MOST_NAMED) break;
  }
  return found;
}

async function* all(tenant: TenantTable, role: string): AsyncGenerator<Naming> {
  for await (const id of invitationsTo(tenant, role)) yield { type: "invitation", id };
  for await (const id of domainsGiving(tenant, role)) yield { type: "domain", id };
  for await (const id of connectionsGiving(tenant, role)) yield { type: "sso_connection", id };
  for await (const id of accountsWith(tenant, role)) yield { type: "service_account", id };
  if (await directoryGives(tenant, role)) yield { type: "scim_settings", id: tenant.tenant };
}

/**
 * A role that is to be given to people who are yet to come is not deleted: somebody decides for each what they get instead.
 * @throws Problem `conflict` (409) that names them
 */
export function requireNamedNowhere({ name }: Pick<OwnRole, "name">, named: readonly Naming[]): void {
  if (named.length === 0) return;
  const types = [...new Set(named.map(({ type }) => TITLES[type]))].join(", ");
  throw new Problem(
    "conflict",
    `The role \`${name}\` is named by ${types}. Revoke or change what \`named_by\` lists first.`,
    { members: { state: "named", named_by: named } },
  );
}

const TITLES: Readonly<Record<Naming["type"], string>> = {
  invitation: "pending invitations",
  domain: "a domain",
  sso_connection: "a sign-in connection",
  scim_settings: "the directory",
  service_account: "service accounts",
};
