import { beforeAll, describe, expect, it } from "vitest";
import { grantOperator } from "../../functions/operators/granting/grant.ts";
import { denialItem } from "../../shared/http/permit.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { minuteOf } from "../../shared/limits/window.ts";
import { type Company, registerCompany } from "../support/api.ts";
import { newOperator } from "../support/operators.ts";
import { stackTable } from "../support/stack.ts";
import { age } from "./age.ts";
import { nowhere } from "./fixtures.ts";
import { operated, request, rows } from "./operations.ts";

let owner: Company;
let withoutFactor: Company;
let stale: Company;
beforeAll(async () => {
  [owner, withoutFactor, stale] = await Promise.all([registerCompany(), registerCompany(), newOperator()]);
  await grantOperator(stackTable(), withoutFactor.email, new Date());
  await age(stale.token, { proved_at: 60 });
});

describe("what operators do", () => {
  it.each(rows(operated))("%s is refused to everybody else", async (_, operation) => {
    const ids = nowhere(operation);
    expect((await request(operation, ids)).status).toBe(401);
    const refused = await request(operation, ids, { token: owner.token });
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    const without = await request(operation, ids, { token: withoutFactor.token });
    expect([without.status, without.body.code]).toEqual([403, "mfa_enrolment_required"]);
  });

  it.each(rows(operated.filter(({ method }) => method !== "GET")))(
    "%s asks for a fresh proof",
    async (_, operation) => {
      const refused = await request(operation, nowhere(operation), { token: stale.token });
      expect([refused.status, refused.body.code]).toEqual([403, "step_up_required"]);
    },
  );

  it("leaves its refusals in the platform's own trail", async () => {
    const key = { principal: `user:${owner.user_id}` };
    const now = minuteOf(new Date());
    const platform = stackTable().of(PLATFORM);
    const counts = await Promise.all([now - 1, now].map((minute) => platform.get(denialItem, { ...key, minute })));
    expect(counts.reduce((sum, one) => sum + (one?.count ?? 0), 0)).toBe(operated.length);
  });
});
