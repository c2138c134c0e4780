import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { operations as agents } from "../../../functions/agents/operations.ts";
import { operations as executions } from "../../../functions/executions/operations.ts";
import type { Authentication } from "../../../shared/access/authenticate.ts";
import { rightsFrom } from "../../../shared/access/grants.ts";
import { Problem } from "../../../shared/errors.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { createRates } from "../../../shared/http/rates.ts";
import { rateOf } from "../../../shared/limits/classes.ts";
import { silentMeter } from "../../../shared/observability/metrics.ts";
import { organizationNamed } from "../../support/organization.ts";
import { countedTable, stackTable } from "../../support/stack.ts";

/** To come: the engine removes what has ended. */
const NOW = new Date("2036-01-15T10:20:30.000Z");
const limits = { user: 600, address: 300 };
const raw = { method: "POST", path: "/", query: "", headers: {}, body: undefined };

/** A member of an organization, both new. */
function somebody(): Authentication {
  const principal = { type: "user", id: `usr_${randomBytes(8).toString("hex")}` } as const;
  const organization_id = `org_${randomBytes(8).toString("hex")}`;
  const rights = rightsFrom(principal, organizationNamed(organization_id), {
    organization_id,
    user_id: principal.id,
    role: "developer",
    joined_via: "registration",
    status: "active",
    primary: true,
    joined_at: "2026-01-01T00:00:00.000Z",
    last_seen_on: "0000-00-00",
    name_key: "ada",
    updated_at: "2026-01-01T00:00:00.000Z",
    etag: "e",
  });
  return { principal, rights, session: undefined, signedIn: undefined, also: undefined, operator: undefined };
}

const processes = (count: number) =>
  Array.from({ length: count }, () => createRates({ table: stackTable(NOW), limits, meter: silentMeter }));
type Process = ReturnType<typeof processes>[number];
type Skewed = (i: number) => Date;

/** Sends so many at once through these processes, and gives how each came out. */
async function flood(
  all: readonly Process[],
  count: number,
  one: (process: Process, at: Date) => Promise<unknown>,
  at: Skewed,
) {
  const codes = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const process = all[i % all.length];
      if (process === undefined) throw new Error("there is no process");
      return one(process, at(i % all.length)).then(
        () => "admitted",
        (error: unknown) => (error instanceof Problem ? error.code : Promise.reject(error)),
      );
    }),
  );
  return {
    admitted: codes.filter((code) => code === "admitted").length,
    refused: new Set(codes.filter((code) => code !== "admitted")),
  };
}

describe("a class of operations", () => {
  const execute = executions.execute;

  it("lets exactly its hundred through of a thousand that come to ten processes at once, and then every other class", async () => {
    expect([execute.rate_class, rateOf("execute", limits.user)]).toEqual(["execute", 100]);
    const who = somebody();
    const all = processes(10);
    const sent = (operation: OperationShape, count: number) =>
      flood(
        all,
        count,
        (process, at) => process.caller(who, operation, at),
        () => NOW,
      );
    expect(await sent(execute, 1_000)).toEqual({ admitted: 100, refused: new Set(["rate_limited"]) });
    expect(await sent(agents.list, 50)).toEqual({ admitted: 50, refused: new Set() });
    expect(await sent(agents.create, 50)).toEqual({ admitted: 50, refused: new Set() });
    expect(await sent(execute, 10)).toEqual({ admitted: 0, refused: new Set(["rate_limited"]) });
  });

  it("lets no more through where the processes' clocks are five seconds apart", async () => {
    const who = somebody();
    const skewed: Skewed = (i) => new Date(NOW.getTime() + (i % 2 === 0 ? -2_500 : 2_500));
    const sent = await flood(processes(4), 1_000, (process, at) => process.caller(who, execute, at), skewed);
    expect(sent).toEqual({ admitted: 100, refused: new Set(["rate_limited"]) });
  });

  it("of what is tried without a token lets a hundred of one address through, and what else the address does", async () => {
    const all = processes(10);
    const request = { ...raw, ip: `192.0.2.${randomBytes(4).toString("hex")}` };
    const tries = await flood(
      all,
      1_000,
      (process, at) => process.address(request, "sign_in", at),
      () => NOW,
    );
    expect(tries).toEqual({ admitted: 100, refused: new Set(["rate_limited"]) });
    expect(
      await flood(
        all,
        50,
        (process, at) => process.address(request, "read", at),
        () => NOW,
      ),
    ).toEqual({
      admitted: 50,
      refused: new Set(),
    });
  });

  it("costs a request the two counters that it has always cost: the caller's and the organization's", async () => {
    const { table, counter } = countedTable(NOW);
    const rates = createRates({ table, limits, meter: silentMeter });
    const who = somebody();
    for (const operation of [agents.list, agents.create, execute]) {
      const { calls, reads, writes } = await counter.of(() => rates.caller(who, operation, NOW));
      expect(calls).toBeLessThanOrEqual(2);
      expect([reads, writes <= 2]).toEqual([0, true]);
    }
  });
});
