import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Authentication } from "../../../shared/access/authenticate.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Answer } from "../../../shared/http/answer.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { walled } from "../../../shared/http/walled.ts";
import { tenantAtWork } from "../../../shared/tenancy/scope.ts";

const TENANT = "org_1";
const rights = { caller: { organization: { id: TENANT } } };
const who = (given: unknown = rights) => ({ rights: given }) as unknown as Authentication;
const asks = (permission: string) => ({ id: "one", permission, or: [] }) as unknown as OperationShape;
const answer = (body: Answer["body"] = ""): Answer => ({ status: 200, headers: {}, body });

/** Whose credentials were asked for. */
const taking = (of: (tenant: string) => Promise<never> = async () => ({}) as never) => {
  const asked: string[] = [];
  const tenants = {
    of: (tenant: string) => {
      asked.push(tenant);
      return of(tenant);
    },
  };
  return { asked, tenants };
};
const seen = async (run: (work: () => Promise<Answer>) => Promise<Answer>) => {
  let tenant: string | undefined = "not run";
  await run(async () => {
    tenant = tenantAtWork();
    return answer();
  });
  return tenant;
};

describe("what answers a request", () => {
  it.each(["agents:read", "directory"])(
    "runs for the organization in which the caller has rights: %s",
    async (asked) => {
      const sts = taking();
      expect(await seen(walled(sts, asks(asked), who()))).toBe(TENANT);
      expect(sts.asked).toEqual([TENANT]);
    },
  );

  it.each(["public", "authenticated", "operator"])(
    "runs for no organization where it asks for no rights in one: %s",
    async (asked) => {
      const sts = taking();
      expect(await seen(walled(sts, asks(asked), who()))).toBeUndefined();
      expect(sts.asked).toEqual([]);
    },
  );

  it("runs for no organization where nobody is known, or has no rights", async () => {
    const sts = taking();
    for (const nobody of [null, notFound(), who(notFound())])
      expect(await seen(walled(sts, asks("agents:read"), nobody))).toBeUndefined();
    expect(sts.asked).toEqual([]);
  });

  it("runs for no organization in a deployment without the wall", async () => {
    expect(await seen(walled({ tenants: undefined }, asks("agents:read"), who()))).toBeUndefined();
  });

  it("does not run where there are no credentials; whoever does not get so far hears nothing of it", async () => {
    const closed = new Problem("service_unavailable", "closed");
    const sts = taking(async () => {
      throw closed;
    });
    let ran = false;
    const run = walled(sts, asks("agents:read"), who());
    await new Promise((resolve) => setImmediate(resolve));
    await expect(
      run(async () => {
        ran = true;
        return answer();
      }),
    ).rejects.toBe(closed);
    expect(ran).toBe(false);
  });

  it("goes on for its organization while its pieces are sent", async () => {
    async function* pieces() {
      yield String(tenantAtWork());
      yield String(tenantAtWork());
    }
    const { body } = await walled(taking(), asks("agents:read"), who())(async () => answer(pieces()));
    const given: string[] = [];
    for await (const piece of body as AsyncIterable<string>) given.push(piece);
    expect(given).toEqual([TENANT, TENANT]);
    expect(tenantAtWork()).toBeUndefined();
  });
});

/** Who goes out by the function's own role while a request is answered, and why. */
const DOORS: Readonly<Record<string, string>> = {
  "shared/http/dispatch.ts":
    "A stream asks again who calls: session, membership and key are found before it is known for which organization.",
};

describe("the door in the wall", () => {
  it("is used by whoever is listed here with a reason, and by nobody else", () => {
    const users = globSync("{functions,shared}/**/*.ts")
      .filter((file) => file !== "shared/tenancy/scope.ts" && readFileSync(file, "utf8").includes("beyondTenant("))
      .sort();
    expect(users).toEqual(Object.keys(DOORS).sort());
  });
});
