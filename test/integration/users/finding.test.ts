import { beforeAll, describe, expect, it } from "vitest";
import { followMember } from "../../../functions/users/finding/consumers.ts";
import { memberTermItem, memberTermsItem } from "../../../functions/users/finding/store.ts";
import { nameKeyOf } from "../../../functions/users/model.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { membershipItem, NEVER_SEEN, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";

const NAMES = [
  "Ana Anders",
  "Anna Berg",
  "ANNE Čapek",
  "Bert Ananas",
  "Zoë Ana-Lund",
  "李 安娜",
  "#hash %percent",
  "Ödön Årud",
];
const ROLES = ["developer", "viewer", "operator"] as const;

interface Person {
  readonly id: string;
  name: string;
  readonly email: string;
  readonly role: string;
  status: string;
}

const event = (company: Company, user_id: string, type = "membership.added") =>
  ({ type, organization_id: company.organization_id, data: { user_id } }) as unknown as Envelope;
const follow = (company: Company, user_id: string, type?: string) =>
  followMember(event(company, user_id, type), { table: stackTable(), clock: { now: () => new Date() } });

/** Members without accounts at the pool: only what lists and searches read. */
async function peopled(company: Company, count: number): Promise<Person[]> {
  const table = stackTable();
  const at = new Date();
  const own = table.of(company.organization_id);
  const people = Array.from({ length: count }, (_, i): Person => {
    const name = `${NAMES[i % NAMES.length]}${i < NAMES.length ? "" : ` ${i}`}`;
    return {
      id: newId("user", at),
      name,
      email: `${i % 3 === 0 ? "an" : "z"}${i}.${newId("user", at).slice(-10).toLowerCase()}@example.com`,
      role: ROLES[i % ROLES.length] ?? "viewer",
      status: i % 7 === 6 ? "suspended" : "active",
    };
  });
  for (const [i, { id, name, email, role, status }] of people.entries()) {
    const now = timestamp(new Date(at.getTime() - ((i * 7919) % 1000) * 1000));
    const times = { created_at: now, updated_at: now, etag: newEtag(at) };
    await table.transact([
      table.of(PLATFORM).writes.create(userItem, {
        ...times,
        ...{ id, email, name, language: null, status: "active", default_organization_id: company.organization_id },
        ...{ last_login_at: null, subs: [id], has_password: true, epoch: 0, sessions_opened: 0, sessions_live: 0 },
      }),
      own.writes.create(membershipItem, {
        ...{ organization_id: company.organization_id, user_id: id, role, joined_via: "invitation", primary: false },
        ...{
          status: status as "active",
          joined_at: now,
          // Some on the same day, some never.
          last_seen_on:
            i % 4 === 0 ? NEVER_SEEN : timestamp(new Date(at.getTime() - (i % 9) * 86_400_000)).slice(0, 10),
          name_key: nameKeyOf(name),
          updated_at: now,
          etag: newEtag(at),
        },
      }),
    ]);
    await follow(company, id);
  }
  return people;
}

describe("members of a large organization", () => {
  let company: Company;
  let people: Person[];
  beforeAll(async () => {
    company = await registerCompany();
    people = await peopled(company, 64);
  });

  /** All pages, in their order. */
  async function ids(query: Record<string, string>, limit = 7, path = "/users"): Promise<string[]> {
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const asked = new URLSearchParams({ ...query, limit: String(limit), ...(cursor === null ? {} : { cursor }) });
      const page = await company.call("GET", `${path}?${asked}`);
      expect(page.status).toBe(200);
      expect(page.body.items.length).toBeLessThanOrEqual(limit);
      found.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    return found;
  }
  const among = (status: string, role?: string) =>
    people.filter((one) => one.status === status && (role === undefined || one.role === role));
  const plain = (text: string) => text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  const begins = ({ name, email }: Person, typed: string) =>
    [plain(name), ...plain(name).split(" ").slice(1), email].some((text) => text.startsWith(typed));

  it.each(["an", "ana", "ber", "capek", "aru", "李", "安", "#h", "%", "z1", "nobody"])(
    "are found by %s over the whole organization, each once, whatever the page and the filters",
    async (typed) => {
      for (const [status, role, limit] of [
        ["active", undefined, 100],
        ["active", undefined, 3],
        ["suspended", undefined, 7],
        ["active", "viewer", 4],
      ] as const) {
        const found = await ids({ search: typed, status, ...(role === undefined ? {} : { role }) }, limit);
        const owner = await company.call("GET", `/users/${company.user_id}`);
        const all = among(status, role)
          .filter((one) => begins(one, typed))
          .map(({ id }) => id);
        const others = found.filter((id) => id !== company.user_id);
        expect(others.toSorted(), `${typed} ${status} ${role}`).toEqual(all.toSorted());
        expect(new Set(found).size).toBe(found.length);
        expect(owner.status).toBe(200);
      }
    },
  );

  it("are all delegatees of somebody else, with the level of their role, whatever the page", async () => {
    const active = await ids({ status: "active" });
    for (const limit of [1, 4, 100])
      expect(await ids({}, limit, "/users/delegatees")).toEqual(active.filter((id) => id !== company.user_id));
    const { items } = (await company.call("GET", "/users/delegatees?limit=1")).body;
    expect(Object.keys(items[0]).sort()).toEqual(["id", "level", "name"]);
    expect((await company.call("GET", `/users/${company.user_id}`)).body.level).toBe(3);
  });

  it("are sorted by name and by when they joined, both ways", async () => {
    const named = await ids({ status: "suspended" });
    const keys = (list: string[]) => list.map((id) => nameKeyOf(people.find((one) => one.id === id)?.name ?? ""));
    expect(keys(named)).toEqual(keys(named).toSorted());
    expect(named).toHaveLength(among("suspended").length);
    expect(await ids({ status: "suspended", sort: "-name" })).toEqual(named.toReversed());
    const joined = await ids({ sort: "joined_at", role: "viewer" });
    expect(await ids({ sort: "-joined_at", role: "viewer" })).toEqual(joined.toReversed());
    expect(joined.toSorted()).toEqual(
      among("active", "viewer")
        .map(({ id }) => id)
        .toSorted(),
    );
    const page = await company.call("GET", "/users?sort=joined_at&limit=100");
    const times = page.body.items.map(({ joined_at }: { joined_at: string }) => joined_at);
    expect(times).toEqual(times.toSorted());
  });

  it("are sorted by the day on which they were last seen, both ways; who never was stands before all days", async () => {
    const listed = async (sort: string) => {
      const found: { id: string; last_seen_on: string | null }[] = [];
      for (let next: string | null = ""; next !== null; ) {
        const cursor: string = next === "" ? "" : `&cursor=${encodeURIComponent(next)}`;
        const page: Awaited<ReturnType<Company["call"]>> = await company.call(
          "GET",
          `/users?sort=${sort}&limit=7${cursor}`,
        );
        found.push(...page.body.items);
        next = page.body.next_cursor;
      }
      return found;
    };
    const seen = await listed("last_seen_on");
    const everybody = await ids({ sort: "joined_at" });
    expect(seen.map(({ id }) => id).toSorted()).toEqual(everybody.toSorted());
    const days = seen.map(({ last_seen_on }) => last_seen_on ?? "");
    expect(days).toEqual(days.toSorted());
    expect(days.filter((day) => day === "").length).toBeGreaterThan(1);
    expect((await listed("-last_seen_on")).map(({ id }) => id)).toEqual(seen.map(({ id }) => id).toReversed());
    // Whoever asks has been seen today.
    expect(seen.find(({ id }) => id === company.user_id)?.last_seen_on).toBe(timestamp(new Date()).slice(0, 10));
  });

  it("are narrowed to a team, also where they are searched for", async () => {
    const team = (await company.call("POST", "/teams", { name: "Narrow" })).body.id as string;
    const inside = among("active").filter((_, i) => i % 5 === 0);
    for (const { id } of inside) await company.call("POST", `/teams/${team}/members`, { user_id: id, role: "member" });
    expect((await ids({ team_id: team })).toSorted()).toEqual(inside.map(({ id }) => id).toSorted());
    const searched = await ids({ team_id: team, search: "an" }, 2);
    expect(searched.toSorted()).toEqual(
      inside
        .filter((one) => begins(one, "an"))
        .map(({ id }) => id)
        .toSorted(),
    );
    const unknown = await company.call("GET", `/users?team_id=${newId("team", new Date())}`);
    expect([unknown.status, unknown.body.code]).toEqual([422, "reference_not_found"]);
    const both = await company.call("GET", `/users?team_id=${team}&sort=name`);
    expect([both.status, both.body.issues[0].path]).toEqual([422, "query.sort"]);
  });

  it("are found by their new name, and by the old one no more, whoever writes at the same moment", async () => {
    const [renamed] = among("active");
    if (renamed === undefined) throw new Error("nobody");
    const platform = stackTable().of(PLATFORM);
    const rename = async (name: string) => {
      await platform.transact([platform.writes.update(userItem, { id: renamed.id }, { set: { name } })]);
      await follow(company, renamed.id, "user.updated");
    };
    await Promise.all(["Grace", "Hedy", "Irène", "Joan"].map((name) => rename(`${name} Newname`)));
    const { name } = (await platform.get(userItem, { id: renamed.id })) ?? { name: "" };
    renamed.name = name;
    expect(await ids({ search: "newname" })).toEqual([renamed.id]);
    expect(await ids({ search: plain(name).slice(0, 4) })).toContain(renamed.id);
    const own = stackTable().of(company.organization_id);
    const kept: string[] = [];
    for await (const one of own.all(memberTermItem, { of: {} })) if (one.user_id === renamed.id) kept.push(one.term);
    expect(kept).toEqual((await own.get(memberTermsItem, { user_id: renamed.id }))?.terms);
    expect((await own.get(membershipItem, { user_id: renamed.id }))?.name_key).toBe(nameKeyOf(name));
  });

  it("are found no more once they are gone", async () => {
    const gone = among("active").at(-1);
    if (gone === undefined) throw new Error("nobody");
    expect((await company.call("DELETE", `/users/${gone.id}`)).status).toBe(202);
    await follow(company, gone.id, "membership.removed");
    gone.status = "removed";
    const own = stackTable().of(company.organization_id);
    for await (const one of own.all(memberTermItem, { of: {} })) expect(one.user_id).not.toBe(gone.id);
    expect(await own.get(memberTermsItem, { user_id: gone.id })).toBeUndefined();
  });
});

it("a new name gives the membership a new entity tag: whoever writes what they had read before does not undo it", async () => {
  const company = await registerCompany();
  const own = stackTable().of(company.organization_id);
  const { user_id } = company;
  await follow(company, user_id);
  const read = await own.get(membershipItem, { user_id });
  const { writes } = stackTable().of(PLATFORM);
  await stackTable().transact([writes.update(userItem, { id: user_id }, { set: { name: "Zoë Neu" } })]);
  await follow(company, user_id, "user.updated");
  const now = await own.get(membershipItem, { user_id });
  expect(now?.name_key).toBe(nameKeyOf("Zoë Neu"));
  if (read === undefined) throw new Error("no membership");
  await expect(own.transact([own.writes.replace(membershipItem, read, read.etag)])).rejects.toMatchObject({
    code: "precondition_failed",
  });
});
