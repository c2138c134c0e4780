import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { directoryOperations } from "../../../functions/scim/operations.ts";
import * as handlers from "../../../functions/scim/protocol/handlers.ts";
import { refuseInScim } from "../../../functions/scim/protocol/refusal.ts";
import { countItem, scimGroupItem, scimUserItem, scimUserNameItem } from "../../../functions/scim/store.ts";
import { nameKey } from "../../../functions/teams/model.ts";
import { teamItem, teamNameItem } from "../../../functions/teams/store.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { rateItem } from "../../../shared/limits/reserve.ts";
import { roomyCompany } from "../../support/plans.ts";
import { directoryOf, patchOf } from "../../support/scim.ts";
import { awsConfig, stackPlatform, stackTable } from "../../support/stack.ts";
import { countUnits } from "../../support/units/counter.ts";

const USERS = 5_000;
const GROUPS = 200;
/** Members that come into a group in one request, in dozens of transactions. */
const MEMBERS = 300;

let token: string;
let tenant: ReturnType<ReturnType<typeof stackTable>["of"]>;
const ids: string[] = [];
const groups: string[] = [];
const client = new DynamoDBClient(awsConfig());
/** Without the counting of requests, which is every now and then. */
const counter = countUnits(client, new DynamoDBClient(awsConfig()), ({ sk }) => sk.S === rateItem.key.sk);
const table = Table.connect(inject("stack").outputs.TableName ?? "", client);
const platform = { ...stackPlatform(), table };
const dispatch = createDispatcher(directoryOperations, handlers, platform, platform, refuseInScim);

/** One request of the directory, with the units that it asked of the table. */
async function ask(method: string, path: string, body?: unknown) {
  const [pathname = "", query = ""] = path.split("?");
  let answer: Awaited<ReturnType<typeof dispatch>> | undefined;
  const units = await counter.of(async () => {
    answer = await dispatch({
      method,
      path: `/scim/v2${pathname}`,
      query,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      ip: "127.0.0.1",
    });
  });
  const text = String(answer?.body ?? "");
  return { status: answer?.status, body: text === "" ? undefined : JSON.parse(text), units };
}

/** A directory that has pushed all of them: written straight into the table, as how is not what this is about. */
beforeAll(async () => {
  const company = await roomyCompany();
  ({ token } = await directoryOf(company));
  tenant = stackTable().of(company.organization_id);
  const { writes } = tenant;
  const at = new Date();
  const now = at.toISOString();
  const stamps = { created_at: now, updated_at: now, etag: newEtag(at) };
  const all: Write[] = [];
  for (let i = 0; i < USERS; i++) {
    const id = newId("user", at);
    ids.push(id);
    const userName = `person${i}@example.org`;
    const attributes = { userName, displayName: `Person ${i}`, title: i % 1_000 === 0 ? "Thousandth" : "Other" };
    all.push(
      writes.put(scimUserItem, { id, name_key: userName, external_id: null, active: true, attributes, ...stamps }),
      writes.put(scimUserNameItem, { name_key: userName, user_id: id }),
      writes.put(membershipItem, {
        organization_id: tenant.tenant,
        user_id: id,
        role: "viewer",
        joined_via: "scim",
        status: "active",
        primary: true,
        joined_at: now,
        last_seen_on: "0000-00-00",
        name_key: `person ${i}`,
        updated_at: now,
        etag: stamps.etag,
      }),
    );
  }
  for (let i = 0; i < GROUPS; i++) {
    const id = newId("team", at);
    groups.push(id);
    const name = `Group ${i}`;
    const name_key = nameKey(name);
    const named = { name, name_key, description: "", parent_id: null, under: "none" };
    const made = { organization_id: tenant.tenant, directory: true, member_count: 0, created_by: "sct_x" };
    all.push(
      writes.put(scimGroupItem, { id, external_id: null, ...stamps }),
      writes.put(teamItem, { id, ...named, ...made, ...stamps }),
      writes.put(teamNameItem, { name_key, team_id: id }),
    );
  }
  all.push(
    writes.put(countItem, { kind: "user", count: USERS }),
    writes.put(countItem, { kind: "group", count: GROUPS }),
  );
  const parts = Array.from({ length: Math.ceil(all.length / 99) }, (_, i) => all.slice(i * 99, i * 99 + 99));
  const worker = async () => {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await tenant.transact(part);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  ids.sort();
  groups.sort();
});

/** All parts of a list, as a directory asks for them, with what each asked of the table. */
async function crawl(path: string, more = "") {
  const seen: string[] = [];
  const units: { calls: number; reads: number; writes: number }[] = [];
  for (let start = 1, total = 1; start <= total; ) {
    const page = await ask("GET", `${path}?startIndex=${start}&count=100${more}`);
    expect(page.status).toBe(200);
    total = page.body.totalResults;
    seen.push(...page.body.Resources.map(({ id }: { id: string }) => id));
    start += page.body.itemsPerPage;
    units.push(page.units);
  }
  return { seen, units };
}

describe(`a directory of ${USERS} users and ${GROUPS} groups`, () => {
  it("is listed without missing or repeating anybody, and a part costs the same wherever it stands", async () => {
    const { seen, units } = await crawl("/Users");
    expect(seen).toEqual(ids);
    // The first one marks the token as used.
    const [second, ...others] = units.slice(1, -1);
    for (const one of others)
      expect([one.calls, Math.abs(one.reads - (second?.reads ?? 0)) < 2]).toEqual([second?.calls, true]);
    const listed = await crawl("/Groups", "&excludedAttributes=members");
    expect(listed.seen).toEqual(groups);
  });

  it("finds one by name as a small one does, and by any filter looks at each once", async () => {
    const found = await ask("GET", `/Users?filter=${encodeURIComponent('userName eq "person4321@example.org"')}`);
    expect(found.body.totalResults).toBe(1);
    expect(found.units.calls).toBeLessThanOrEqual(5);
    expect(found.units.reads).toBeLessThan(10);
    const filtered = await ask("GET", `/Users?filter=${encodeURIComponent('title eq "Thousandth"')}&sortBy=userName`);
    const names = filtered.body.Resources.map(({ userName }: { userName: string }) => userName);
    expect(names).toEqual([0, 1_000, 2_000, 3_000, 4_000].map((i) => `person${i}@example.org`).sort());
  });

  it("puts many into a group in one request, and one more costs the same as into an empty one", async () => {
    const [large, empty] = groups as [string, string];
    const value = ids.slice(0, MEMBERS).map((id) => ({ value: id }));
    const add = (members: readonly object[]) => patchOf({ op: "add", path: "members", value: members });
    expect((await ask("PATCH", `/Groups/${large}`, add(value))).status).toBe(204);
    expect(await tenant.get(teamItem, { id: large })).toMatchObject({ member_count: MEMBERS });
    const again = await ask("PATCH", `/Groups/${large}`, add(value));
    expect([again.status, again.units.writes]).toEqual([204, 0]);
    const [one, two] = ids.slice(-2) as [string, string];
    const intoLarge = await ask("PATCH", `/Groups/${large}`, add([{ value: one }]));
    const intoEmpty = await ask("PATCH", `/Groups/${empty}`, add([{ value: two }]));
    expect(intoLarge.units).toEqual(intoEmpty.units);
  });
});
