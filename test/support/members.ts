import { newSession } from "../../functions/auth/sessions/open.ts";
import { nameKeyOf } from "../../functions/users/model.ts";
import { timestamp } from "../../shared/clock.ts";
import {
  emailItem,
  type Membership,
  membershipItem,
  PLATFORM,
  poolAccountItem,
  sessionItem,
  userItem,
  userOrganizationItem,
} from "../../shared/identity/items.ts";
import { countOwner } from "../../shared/identity/owners.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { quotaItem } from "../../shared/limits/quota.ts";
import { newTrace } from "../../shared/tracing/context.ts";
import { type ApiAnswer, type Company, call, unique } from "./api.ts";
import { authDeps } from "./auth.ts";
import { stackTable } from "./stack.ts";

/** A member of a company, signed in; calls with their own token. */
export interface TestMember {
  readonly user_id: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly token: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

/**
 * Puts a person with a role into a company, as an accepted invitation would, and signs them in. Written straight into
 * the table and the pool: how people come to be members is not what these tests are about.
 */
export async function addMember(
  company: Pick<Company, "organization_id">,
  role: string,
  status: Membership["status"] = "active",
): Promise<TestMember> {
  const deps = authDeps();
  const at = new Date();
  const now = timestamp(at);
  const id = newId("user", at);
  const email = `${unique(role.replaceAll("_", "-").toLowerCase())}@example.com`;
  const name = unique("Member");
  const password = "correct horse battery staple";
  const sub = await deps.identities.createUser(id, email, password);
  const provider = await deps.identities.signIn(id, password);
  if (provider === undefined) throw new Error("the pool refused a user that it has just created");
  const request = { id: newId("request", at), method: "POST", path: "/", ip: "127.0.0.1", user_agent: "test" };
  const { organization_id } = company;
  const { session, tokens } = await newSession(
    deps,
    { id, default_organization_id: organization_id },
    provider,
    { method: "password" },
    { request, trace: newTrace(), place: null, at },
  );
  const platform = deps.table.of(PLATFORM);
  const tenant = deps.table.of(organization_id);
  const stamps = { updated_at: now, etag: newEtag(at) };
  await deps.table.transact([
    platform.writes.create(emailItem, { email, user_id: id }),
    platform.writes.create(userItem, {
      id,
      email,
      name,
      language: null,
      status: "active",
      default_organization_id: organization_id,
      last_login_at: now,
      subs: [sub],
      has_password: true,
      epoch: 0,
      sessions_opened: 1,
      sessions_live: 1,
      created_at: now,
      ...stamps,
    }),
    platform.writes.create(poolAccountItem, { sub, user_id: id }),
    platform.writes.create(userOrganizationItem, { user_id: id, organization_id }),
    platform.writes.create(sessionItem, session),
    tenant.writes.create(membershipItem, {
      organization_id,
      user_id: id,
      role,
      joined_via: "invitation",
      status,
      primary: false,
      joined_at: now,
      last_seen_on: "0000-00-00",
      name_key: nameKeyOf(name),
      ...stamps,
    }),
    tenant.writes.update(quotaItem, { resource: "users" }, { set: { resource: "users" }, add: { used: 1 } }, {}),
    ...(role === "org_owner" && status === "active" ? [countOwner(tenant)] : []),
  ]);
  const token = tokens.access_token;
  return {
    user_id: id,
    email,
    name,
    password,
    token,
    call: (method, path, body, headers = {}) => call(method, path, { token, body, headers }),
  };
}

/** Makes a member something else, as somebody with the rights would. */
export async function become(
  { organization_id }: Pick<Company, "organization_id">,
  user_id: string,
  change: Partial<Pick<Membership, "role" | "status">>,
): Promise<void> {
  const tenant = stackTable().of(organization_id);
  const read = await tenant.get(membershipItem, { user_id });
  if (read === undefined) throw new Error(`${user_id} is no member`);
  await tenant.transact([tenant.writes.put(membershipItem, { ...read, ...change })]);
}
