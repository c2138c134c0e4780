import { beforeAll, describe, expect, it } from "vitest";
import { grantOperator } from "../../functions/operators/granting/grant.ts";
import { minuteOf } from "../../shared/clock.ts";
import { denialItem } from "../../shared/http/permit.ts";
import { PLATFORM, sessionItem } from "../../shared/identity/items.ts";
import { type Company, registerCompany } from "../support/api.ts";
import { claimsOf } from "../support/auth.ts";
import { newOperator } from "../support/operators.ts";
import { stackTable } from "../support/stack.ts";
import { age } from "./age.ts";
import { nowhere } from "./fixtures.ts";
import { operated, permitted, plain, request, rows } from "./operations.ts";

let owner: Company;
let withoutFactor: Company;
let throughProvider: Company;
let stale: Company;
let stranger: Company;
beforeAll(async () => {
  [owner, withoutFactor, throughProvider, stale, stranger] = await Promise.all([
    registerCompany(),
    registerCompany(),
    newOperator(),
    newOperator(),
    registerCompany(),
  ]);
  await grantOperator(stackTable(), withoutFactor.email, new Date());
  const { sub, origin_jti } = claimsOf(throughProvider.token);
  const platform = stackTable().of(PLATFORM);
  await platform.transact([
    platform.writes.update(sessionItem, { sub, origin_jti } as never, { set: { method: "sso" } }),
  ]);
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
    const through = await request(operation, ids, { token: throughProvider.token });
    expect([through.status, through.body.code]).toEqual([403, "sign_in_method_not_allowed"]);
  });

  /** Whoever ends what gives rights is not kept from it. */
  const ends = new Set(["operators.revoke_access"]);
  it.each(rows(operated.filter(({ method, id }) => method !== "GET" && !ends.has(id))))(
    "%s asks for a fresh proof",
    async (_, operation) => {
      const refused = await request(operation, nowhere(operation), { token: stale.token });
      expect([refused.status, refused.body.code]).toEqual([403, "step_up_required"]);
    },
  );

  it.each(rows(permitted))(
    "%s in an organization takes an access: without one they are strangers",
    async (_, operation) => {
      const sends = operation.request.body === undefined ? {} : { body: {} };
      const headers = { "organization-id": owner.organization_id };
      const ids = nowhere(operation);
      const asOperator = await request(operation, ids, { token: stale.token, headers, ...sends });
      const asStranger = await request(operation, ids, { token: stranger.token, headers, ...sends });
      expect([asOperator.status, asOperator.body.code]).toEqual([403, "membership_inactive"]);
      expect(plain(asOperator)).toEqual(plain(asStranger));
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
