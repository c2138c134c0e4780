import { describe, expect, it } from "vitest";
import { denialOf } from "../../../functions/runs/public.ts";
import type { Principal } from "../../../shared/access/principal.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { apiKey, type TestKey } from "../../support/keys.ts";
import { addMember, become } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";

/** Why a run of a pipeline that this principal started takes no step now. */
async function denial({ organization_id }: Company, started_by: Principal): Promise<string | undefined> {
  const run = {
    kind: "pipeline",
    target_id: "pip_00000000000000000000000000",
    started_by,
    parent_run_id: null,
  } as const;
  return (await denialOf(stackTable().of(organization_id), run, { node: undefined }))?.code;
}

const by = ({ id }: TestKey, type: "user" | "service_account", owner: string) =>
  ({ type: "api_key", id, on_behalf_of: { type, id: owner } }) as const;

describe("a run that a key started", () => {
  it("goes on within the key's scopes and its owner's role, until the key is revoked or the owner gone", async () => {
    const company = await registerCompany();
    const member = await addMember(company, "developer");
    const { user_id } = member;
    const is = (change: Parameters<typeof become>[2]) => become(company, user_id, change);
    const executes = await apiKey(member, { scopes: ["pipelines:execute"] });
    const starter = by(executes, "user", user_id);
    expect(await denial(company, starter)).toBeUndefined();
    const reads = await apiKey(member, { scopes: ["pipelines:read"] });
    expect(await denial(company, by(reads, "user", user_id))).toBe("starter_not_permitted");
    await is({ role: "viewer" });
    expect(await denial(company, starter)).toBe("starter_not_permitted");
    await is({ role: "developer", status: "suspended" });
    expect(await denial(company, starter)).toBe("starter_removed");
    await is({ status: "active" });
    expect(await denial(company, starter)).toBeUndefined();
    expect((await company.call("DELETE", `/api-keys/${executes.id}`)).status).toBe(204);
    expect(await denial(company, starter)).toBe("starter_removed");
  });

  it("of a service account goes on as that may", async () => {
    const company = await registerCompany();
    const made = await company.call("POST", "/service-accounts", { name: "CI", role: "developer" });
    const { id } = made.body;
    const key = await apiKey(company, { service_account_id: id });
    const starter = by(key, "service_account", id);
    const change = (body: object) => company.call("PATCH", `/service-accounts/${id}`, body);
    expect(await denial(company, starter)).toBeUndefined();
    await change({ role: "viewer" });
    expect(await denial(company, starter)).toBe("starter_not_permitted");
    await change({ role: "developer", status: "suspended" });
    expect(await denial(company, starter)).toBe("starter_removed");
    await change({ status: "active" });
    expect(await denial(company, starter)).toBeUndefined();
    expect((await company.call("DELETE", `/service-accounts/${id}`)).status).toBe(204);
    expect(await denial(company, starter)).toBe("starter_removed");
  });
});
