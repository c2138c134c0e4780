import { beforeAll, describe, expect, it } from "vitest";
import { organizationItem } from "../../shared/identity/items.ts";
import { type Company, registerCompany } from "../support/api.ts";
import { addMember } from "../support/members.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";
import { stand } from "../support/standing.ts";
import { nowhere } from "./fixtures.ts";
import { permitted, plain, request, rows } from "./operations.ts";

/** Everybody who has no rights in an organization any more, each with the one answer that they get everywhere. */
const columns: Readonly<Record<string, { code: string; token: () => Promise<string> }>> = {
  "a suspended member": {
    code: "membership_inactive",
    token: async () => (await addMember(await registerCompany(), "org_owner", "suspended")).token,
  },
  "a removed member": {
    code: "membership_inactive",
    token: async () => (await addMember(await registerCompany(), "org_owner", "removed")).token,
  },
  "an owner of a suspended organization": {
    code: "organization_suspended",
    token: async () => (await without("suspend")).token,
  },
  "an owner of a deleted organization": {
    code: "membership_inactive",
    token: async () => (await without("delete")).token,
  },
  "an owner who signed in with a password where sign-in through a provider is enforced": {
    code: "sign_in_method_not_allowed",
    token: async () => {
      const { organization_id, token } = await roomyCompany();
      const tenant = stackTable().of(organization_id);
      const set = { break_glass_user_id: "usr_00000000000000000000000001" };
      await tenant.transact([tenant.writes.update(organizationItem, {}, { set })]);
      return token;
    },
  },
};

async function without(move: "suspend" | "delete"): Promise<Company> {
  const company = await roomyCompany();
  await stand(company.organization_id, move);
  return company;
}

const tokens = new Map<string, string>();
beforeAll(async () => {
  for (const [name, { token }] of Object.entries(columns)) tokens.set(name, await token());
});

describe.each(Object.entries(columns))("%s", (name, { code }) => {
  it.each(rows(permitted))("is refused %s, whatever is asked for", async (_, operation) => {
    const sends = operation.request.body === undefined ? {} : { body: {} };
    const answer = await request(operation, nowhere(operation), { token: tokens.get(name) ?? "", ...sends });
    expect(plain(answer)).toMatchObject({ status: 403, body: { code } });
  });
});
