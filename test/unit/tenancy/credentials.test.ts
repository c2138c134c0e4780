import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Problem } from "../../../shared/errors.ts";
import { MOST_TENANTS, type SessionCredentials, TenantCredentials } from "../../../shared/tenancy/credentials.ts";

const HOUR_MS = 3_600_000;
const TENANT = "org_01J00000000000000000000001";

/** An STS whose clock stands still until it is moved, and that fails while it is said to. */
class Sts {
  now = Date.UTC(2026, 0, 1);
  failing = false;
  asked: string[] = [];
  #waiting: (() => void)[] | undefined;

  readonly clock = { now: () => new Date(this.now) };

  readonly assume = async (tenant: string): Promise<SessionCredentials> => {
    this.asked.push(tenant);
    if (this.#waiting !== undefined) await new Promise<void>((go) => this.#waiting?.push(go));
    if (this.failing) throw new Error("Throttling");
    return {
      accessKeyId: `${tenant}/${this.asked.length}`,
      secretAccessKey: "s",
      sessionToken: "t",
      expiration: new Date(this.now + HOUR_MS),
    };
  };

  hold(): void {
    this.#waiting = [];
  }

  release(): void {
    for (const go of this.#waiting ?? []) go();
    this.#waiting = undefined;
  }
}

const keeping = (sts: Sts, random: () => number = () => 0.5, most?: number) =>
  new TenantCredentials(sts.assume, sts.clock, random, most);
const refusal = async (given: Promise<unknown>): Promise<unknown> =>
  given.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("credentials of a tenant", () => {
  it("are asked for once and used until they are to be renewed", async () => {
    const sts = new Sts();
    const held = keeping(sts);
    const first = await held.of(TENANT);
    sts.now += 0.6 * HOUR_MS;
    expect(await held.of(TENANT)).toBe(first);
    sts.now += 0.2 * HOUR_MS;
    expect(await held.of(TENANT)).not.toBe(first);
    expect(sts.asked).toHaveLength(2);
  });

  it("are asked for once by all who need them at the same time, and by each tenant for itself", async () => {
    const sts = new Sts();
    const held = keeping(sts);
    sts.hold();
    const many = Array.from({ length: 50 }, () => held.of(TENANT));
    const other = held.of("org_2");
    sts.release();
    expect(new Set(await Promise.all(many)).size).toBe(1);
    expect((await other).accessKeyId).not.toBe((await many[0])?.accessKeyId);
    expect(sts.asked).toEqual([TENANT, "org_2"]);
  });

  it("are refused with 503 where there are none, by no other ones, and asked for again by the next request", async () => {
    const sts = new Sts();
    const held = keeping(sts);
    sts.failing = true;
    const refused = await refusal(held.of(TENANT));
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ code: "service_unavailable", options: { headers: { "retry-after": "2" } } });
    sts.failing = false;
    expect((await held.of(TENANT)).accessKeyId).toBe(`${TENANT}/2`);
  });

  it("that still count are used while they cannot be renewed, with a pause between tries, and not a moment longer", async () => {
    const sts = new Sts();
    const held = keeping(sts, () => 0);
    const first = await held.of(TENANT);
    sts.failing = true;
    sts.now += 0.7 * HOUR_MS;
    expect(await held.of(TENANT)).toBe(first);
    expect(await held.of(TENANT)).toBe(first);
    expect(sts.asked).toHaveLength(2);
    sts.now += 20_000;
    expect(await held.of(TENANT)).toBe(first);
    expect(sts.asked).toHaveLength(3);
    sts.now += 0.3 * HOUR_MS;
    expect(await refusal(held.of(TENANT))).toMatchObject({ code: "service_unavailable" });
  });

  it("are renewed at different times by processes that began together", async () => {
    const renewals = new Set<number>();
    for (const chance of [0, 0.25, 0.5, 0.75, 0.999]) {
      const sts = new Sts();
      const held = keeping(sts, () => chance);
      await held.of(TENANT);
      const began = sts.now;
      while (sts.asked.length < 2) {
        sts.now += 1_000;
        await held.of(TENANT);
      }
      renewals.add(sts.now - began);
    }
    expect(renewals.size).toBe(5);
    expect(Math.min(...renewals)).toBeGreaterThanOrEqual(0.59 * HOUR_MS);
    expect(Math.max(...renewals)).toBeLessThanOrEqual(0.8 * HOUR_MS);
  });

  it("are held for so many tenants and no more; who was served longest ago is forgotten first", async () => {
    const sts = new Sts();
    const held = keeping(sts);
    for (let i = 0; i < MOST_TENANTS; i++) await held.of(`org_${i}`);
    await held.of("org_0");
    await held.of("org_new");
    expect(held.size).toBe(MOST_TENANTS);
    sts.asked = [];
    await held.of("org_0");
    expect(sts.asked).toEqual([]);
    await held.of("org_1");
    expect(sts.asked).toEqual(["org_1"]);
  });

  it("whatever happens in whatever order, are the tenant's own and never past their end", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("ask" as const), tenant: fc.constantFrom("org_a", "org_b", "org_c", "org_d") }),
      fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 2_000 }) }),
      fc.record({ kind: fc.constant("sts" as const), failing: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (steps, chance) => {
          const sts = new Sts();
          const held = keeping(sts, () => chance, 3);
          for (const one of steps) {
            if (one.kind === "wait") sts.now += one.seconds * 1_000;
            else if (one.kind === "sts") sts.failing = one.failing;
            else {
              const given = await held.of(one.tenant).catch((error: unknown) => error);
              if (given instanceof Problem) expect(sts.failing).toBe(true);
              else {
                const { accessKeyId, expiration } = given as SessionCredentials;
                expect(accessKeyId.startsWith(`${one.tenant}/`)).toBe(true);
                expect(expiration.getTime()).toBeGreaterThan(sts.now);
              }
            }
            expect(held.size).toBeLessThanOrEqual(3);
          }
        },
      ),
    );
  });
});
