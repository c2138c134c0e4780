import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { MOST_READS_A_PAGE, showing } from "../../../shared/http/showing.ts";
import type { PolicySubject } from "../../../shared/policies/attributes.ts";
import { type Asked, judge } from "../../../shared/policies/judging.ts";
import type { Policy, PolicyBundle, PolicyConditions } from "../../../shared/policies/language.ts";

const policy = (conditions: PolicyConditions, over: Partial<Policy> = {}): Policy => ({
  id: "pol_1",
  name: "No secrets",
  effect: "deny",
  resource_type: "agent",
  action: "update",
  conditions,
  assignments: [{ type: "organization" }],
  status: "active",
  version: 1,
  ...over,
});
const bundle = (...policies: Policy[]): PolicyBundle => ({ policies });
const secret: PolicyConditions = { path: "resource.tags", op: "contains", value: "secret" };

const asked = (over: Partial<Asked> = {}): Asked => ({
  resource_type: "agent",
  action: "update",
  principal: { kind: "user", id: "usr_1", role: "developer" },
  email: async () => "ada@acme.example",
  teams: async () => ["tem_1"],
  context: { ip: "10.1.2.3" },
  at: new Date("2026-06-01T12:00:00Z"),
  about: { kind: "thing", subject: async () => ({ id: "agt_1", tags: [] }) },
  ...over,
});
const thing = (subject: PolicySubject, change?: unknown): Asked["about"] => ({
  kind: "thing",
  subject: async () => subject,
  change,
});

describe("a request", () => {
  it("that no policy is about needs nothing to be read", async () => {
    const subject = vi.fn(async () => ({}));
    const email = vi.fn(async () => "ada@acme.example");
    const teams = vi.fn(async () => []);
    const about = { kind: "thing", subject } as const;
    const all = asked({ email, teams, about });
    expect(await judge(bundle(policy(secret)), { ...all, action: "read" })).toEqual({ allowed: true });
    expect(await judge(bundle(policy({ path: "time.hour", op: "lt", value: 3 })), all)).toEqual({ allowed: true });
    for (const read of [subject, email, teams]) expect(read).not.toHaveBeenCalled();
    const domain = policy({ path: "principal.email_domain", op: "eq", value: "acme.example" });
    expect(await judge(bundle(domain), all)).toMatchObject({ allowed: false });
    expect(email).toHaveBeenCalledOnce();
    expect(await judge(bundle(policy({}, { assignments: [{ type: "team", id: "tem_1" }] })), all)).toEqual({
      allowed: true,
    });
    expect(teams).toHaveBeenCalledOnce();
  });

  it("is denied with the policy and the conditions that decided", async () => {
    const office = { not: { path: "context.ip", op: "in", value: ["192.0.2.0/24"] } };
    expect(
      await judge(bundle(policy({ all: [secret, office] })), asked({ about: thing({ tags: ["secret"] }) })),
    ).toEqual({
      allowed: false,
      policy: { id: "pol_1", name: "No secrets" },
      detail:
        'The policy "No secrets" denies this since the thing\'s tags include "secret" and the caller\'s address is not in 192.0.2.0/24.',
      conditions: ['the thing\'s tags include "secret"', "the caller's address is not in 192.0.2.0/24"],
    });
    expect(await judge(bundle(policy({})), asked())).toMatchObject({ detail: 'The policy "No secrets" denies this.' });
  });

  it("is denied where nothing allows what is denied by default, and where a policy cannot be evaluated", async () => {
    const denied = { policies: [], denied_by_default: ["agent"] };
    expect(await judge(denied, asked())).toMatchObject({ allowed: false, conditions: [] });
    expect(await judge(denied, asked({ resource_type: "pipeline" }))).toEqual({ allowed: true });
    const later = policy({ path: "principal.age", op: "eq", value: 1 });
    expect(await judge(bundle(later), asked())).toMatchObject({
      allowed: false,
      policy: { id: "pol_1" },
      detail: expect.stringContaining("could not be evaluated"),
    });
  });

  it("that moves a thing is judged by what it is and by what it would be", async () => {
    const judged = async (before: string[], body?: object) =>
      (await judge(bundle(policy(secret)), asked({ about: thing({ tags: before }, body) }))).allowed;
    expect(await judged(["open"], { description: "x" })).toBe(true);
    expect(await judged(["open"], { tags: ["secret"] })).toBe(false);
    expect(await judged(["secret"], { tags: ["open"] })).toBe(false);
    expect(await judged(["open"], { tags: ["open", "eu"] })).toBe(true);
  });

  it("that makes something is judged by what is to be made, with its maker", async () => {
    const made = async (body: unknown, conditions = secret) =>
      judge(
        bundle(policy(conditions, { action: "create" })),
        asked({ action: "create", about: { kind: "new", body } }),
      );
    expect((await made({ name: "A", tags: [] })).allowed).toBe(true);
    expect((await made({ name: "A", tags: ["secret"] })).allowed).toBe(false);
    const own: PolicyConditions = { path: "resource.created_by", op: "eq", value: "usr_1" };
    expect((await made({ name: "A" }, own)).allowed).toBe(false);
  });

  it("about several things at once is refused where policies look at each of them, and only there", async () => {
    const several = asked({ about: { kind: "several" } });
    expect(await judge(bundle(policy(secret)), several)).toMatchObject({
      allowed: false,
      detail: expect.stringContaining("one by one"),
    });
    const document = asked({ about: { kind: "new", body: { document: {} } } });
    expect(await judge(bundle(policy(secret)), document)).toMatchObject({ allowed: false });
    expect(await judge(bundle(policy({ path: "principal.role", op: "eq", value: "viewer" })), several)).toEqual({
      allowed: true,
    });
  });

  it("about things of which policies know nothing is decided without any of them", async () => {
    const everywhere = bundle(policy(secret, { resource_type: "*", action: "*" }));
    for (const about of [{ kind: "several" }, { kind: "list" }, { kind: "new", body: {} }] as const) {
      const subject = asked({ resource_type: "role", about });
      expect(await judge(everywhere, subject)).toEqual({ allowed: true });
    }
    const open = bundle(policy({ not: secret }, { resource_type: "*" }));
    const list = asked({ resource_type: "role", about: { kind: "list" } });
    expect(await judge(open, list)).toMatchObject({ allowed: false });
  });

  it("that only names things is decided by what looks at none of them", async () => {
    const named = asked({ about: { kind: "named" } });
    expect(await judge(bundle(policy(secret)), named)).toEqual({ allowed: true });
    expect(await judge(bundle(policy(secret), policy({})), named)).toMatchObject({ allowed: false });
  });

  it("is not held up by policies that look at things, but are for somebody else", async () => {
    const theirs = policy(secret, { assignments: [{ type: "role", id: "viewer" }] });
    const subject = vi.fn(async () => ({ tags: ["secret"] }));
    const thingAsked = asked({ about: { kind: "thing", subject } });
    expect(await judge(bundle(theirs), thingAsked)).toEqual({ allowed: true });
    expect(subject).not.toHaveBeenCalled();
    expect(await judge(bundle(theirs), asked({ about: { kind: "several" } }))).toEqual({ allowed: true });
    expect(await judge(bundle(theirs), asked({ about: { kind: "list" } }))).toEqual({ allowed: true });
  });

  it("for a list is denied as a whole where no thing matters, and shows what each thing allows where it does", async () => {
    const list = asked({ about: { kind: "list" } });
    expect(await judge(bundle(policy({})), list)).toMatchObject({ allowed: false });
    const verdict = await judge(bundle(policy(secret)), list);
    const { shows, verdictOn } = (verdict.allowed ? verdict.list : undefined) ?? {};
    const [open, hidden] = ["open", "secret"].map((tag) => ({ id: "agt_1", tags: [tag], etag: "x" }));
    expect([open, hidden].map((one) => shows?.(one))).toEqual([true, false]);
    expect([open, hidden].map((one) => verdictOn?.(one))).toMatchObject([
      { allowed: true },
      { allowed: false, policy: { id: "pol_1" } },
    ]);
  });
});

describe("a list of which policies hide some", () => {
  /** A list of numbers, read by cursor. */
  const listOf = (length: number) =>
    vi.fn(async ({ query }: { query: { limit: number; cursor?: string } }) => {
      const from = Number(query.cursor ?? 0);
      const items = Array.from({ length: Math.min(query.limit, length - from) }, (_, index) => from + index);
      const end = from + items.length;
      return { items, next_cursor: end < length ? String(end) : null };
    });
  const read = (list: ReturnType<typeof listOf>, shows: ((one: unknown) => boolean) | undefined, query: object) =>
    showing(shows, { query } as never, list as never) as Promise<{ items: number[]; next_cursor: string | null }>;

  it("shows everything that may be shown once, in order, whatever the page and whatever is hidden", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        async (shown, limit) => {
          const list = listOf(shown.length);
          const seen: number[] = [];
          let cursor: string | undefined;
          do {
            const page = await read(list, (one) => shown[one as number] === true, { limit, ...(cursor && { cursor }) });
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items);
            cursor = page.next_cursor ?? undefined;
          } while (cursor !== undefined);
          expect(seen).toEqual(shown.flatMap((one, index) => (one ? [index] : [])));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("fills its pages from what follows, to a bound; then a page is short and goes on", async () => {
    const list = listOf(1_000);
    const half = await read(list, (one) => (one as number) % 2 === 0, { limit: 10 });
    expect(half.items).toHaveLength(10);
    const rare = listOf(1_000);
    const page = await read(rare, (one) => one === 999, { limit: 10 });
    expect(page).toEqual({ items: [], next_cursor: "100" });
    expect(rare).toHaveBeenCalledTimes(MOST_READS_A_PAGE);
  });

  it("is read once where nothing is hidden, and as the call was where policies say nothing", async () => {
    const list = listOf(20);
    await read(list, () => true, { limit: 10 });
    await read(list, undefined, { limit: 10 });
    expect(list).toHaveBeenCalledTimes(2);
  });
});
