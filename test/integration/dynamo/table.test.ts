import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineItem } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { alreadyExists, Problem, wrongState } from "../../../shared/errors.ts";
import { stackTable } from "../../support/stack.ts";

const thing = defineItem({
  type: "test_thing",
  summary: "Made up for tests of the table.",
  schema: z.object({
    id: z.string(),
    shelf: z.string(),
    status: z.string(),
    count: z.number().int(),
    etag: z.string(),
    tags: z.set(z.string()).optional(),
  }),
  key: { pk: "THINGS#{shelf}", sk: "THING#{id}" },
  indexes: { gsi1: { pk: "THINGS_BY#{status}", sk: "{id}" } },
});
const new_ = (id: string, more: object = {}) => ({ id, shelf: "s", status: "open", count: 0, etag: "1", ...more });

const fresh = (): TenantTable => stackTable().of(`test_${randomBytes(8).toString("hex")}`);
const codes = async (results: Promise<unknown>[]) =>
  (await Promise.allSettled(results)).map((one) =>
    one.status === "fulfilled" ? "done" : one.reason instanceof Problem ? one.reason.code : String(one.reason),
  );
const count = (list: readonly string[], what: string) => list.filter((one) => one === what).length;

describe("a transaction", () => {
  it("writes all or nothing, and answers with the refusal of the write that failed first", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("taken"))]);
    const writes = (second: string) => [
      table.writes.create(thing, new_("a")),
      table.writes.create(thing, new_(second), () => alreadyExists("second", "The second is taken.")),
      table.writes.update(thing, { shelf: "s", id: "missing" }, { add: { count: 1 } }),
    ];
    await expect(table.transact(writes("taken"))).rejects.toMatchObject({
      code: "already_exists",
      detail: "The second is taken.",
    });
    await expect(table.transact(writes("b"))).rejects.toMatchObject({ code: "not_found" });
    expect(await table.get(thing, { shelf: "s", id: "a" })).toBeUndefined();
    await table.transact(writes("b").slice(0, 2));
    expect(await table.get(thing, { shelf: "s", id: "a" })).toEqual(new_("a"));
  });

  it("that collides with others is tried again, not refused: 30 writers add 30", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("n"))]);
    const add = (i: number) =>
      table.transact([
        table.writes.update(thing, { shelf: "s", id: "n" }, { add: { count: 1 } }),
        table.writes.create(thing, new_(`by-${i}`)),
      ]);
    expect(await codes(Array.from({ length: 30 }, (_, i) => add(i)))).toEqual(Array(30).fill("done"));
    expect((await table.get(thing, { shelf: "s", id: "n" }))?.count).toBe(30);
  });

  it("creates one thing once, whoever else tries", async () => {
    const table = fresh();
    const results = await codes(
      Array.from({ length: 20 }, () => table.transact([table.writes.create(thing, new_("one"))])),
    );
    expect([count(results, "done"), count(results, "already_exists")]).toEqual([1, 19]);
  });

  it("replaces what has not changed since it was read: of 20 that read the same, one wins", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("r"))]);
    const results = await codes(
      Array.from({ length: 20 }, (_, i) =>
        table.transact([table.writes.replace(thing, new_("r", { count: i, etag: `2-${i}` }), "1")]),
      ),
    );
    expect([count(results, "done"), count(results, "precondition_failed")]).toEqual([1, 19]);
    const winner = results.indexOf("done");
    expect(await table.get(thing, { shelf: "s", id: "r" })).toEqual(new_("r", { count: winner, etag: `2-${winner}` }));
    const gone = table.transact([table.writes.replace(thing, new_("gone"), "1")]);
    await expect(gone).rejects.toMatchObject({ code: "not_found" });
  });

  it("moves a state once, and tells missing from another state", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("t"))]);
    const close = (id: string) =>
      table.transact([
        table.writes.transition(thing, { shelf: "s", id }, { from: ["open"], set: { status: "closed" } }, (old) =>
          wrongState("thing", old.status, "open"),
        ),
      ]);
    const results = await codes(Array.from({ length: 10 }, () => close("t")));
    expect([count(results, "done"), count(results, "conflict")]).toEqual([1, 9]);
    await expect(close("t")).rejects.toMatchObject({ options: { members: { state: "closed" } } });
    await expect(close("nothing")).rejects.toMatchObject({ code: "not_found" });
    const listed = await table.page(thing, { index: "gsi1", of: { status: "closed" }, limit: 10 });
    expect(listed.items.map(({ id }) => id)).toEqual(["t"]);
    expect((await table.page(thing, { index: "gsi1", of: { status: "open" }, limit: 10 })).items).toEqual([]);
  });

  it("checks what it does not change, at the moment of the write", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("parent"))]);
    const child = (id: string) => [
      table.writes.check(thing, { shelf: "s", id: "parent" }, { equals: { status: "open" } }, () =>
        wrongState("parent", "closed", "open"),
      ),
      table.writes.create(thing, new_(id)),
    ];
    await table.transact(child("first"));
    await table.transact([table.writes.remove(thing, { shelf: "s", id: "parent" })]);
    await expect(table.transact(child("second"))).rejects.toMatchObject({ code: "conflict" });
    expect(await table.get(thing, { shelf: "s", id: "second" })).toBeUndefined();
  });

  it("adds to sets and looks into them", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("set"))]);
    const add = (tag: string) =>
      table.transact([
        table.writes.update(
          thing,
          { shelf: "s", id: "set" },
          { add: { tags: new Set([tag]) } },
          { lacks: { tags: tag } },
          () => alreadyExists("tag", "It has this tag."),
        ),
      ]);
    await add("a");
    await add("b");
    await expect(add("a")).rejects.toMatchObject({ code: "already_exists" });
    expect((await table.get(thing, { shelf: "s", id: "set" }))?.tags).toEqual(new Set(["a", "b"]));
  });
});

describe("a list", () => {
  it("is read page by page in both directions, each item once, whatever is added behind the reader", async () => {
    const table = fresh();
    const ids = Array.from({ length: 25 }, (_, i) => String(i).padStart(2, "0"));
    await table.transact(ids.map((id) => table.writes.create(thing, new_(id))));
    for (const newest_first of [false, true]) {
      const seen: string[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await table.page(thing, {
          of: { shelf: "s" },
          limit: 7,
          cursor: cursor ?? undefined,
          newest_first,
        });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.next_cursor;
        if (newest_first && seen.length === 7) await table.transact([table.writes.create(thing, new_("99"))]);
      } while (cursor !== null);
      expect(seen).toEqual(newest_first ? [...ids].reverse() : ids);
    }
  });

  it("narrows by the beginning of its sort key and by both bounds of the rest", async () => {
    const table = fresh();
    await table.transact(["a1", "a2", "b1", "c1"].map((id) => table.writes.create(thing, new_(id))));
    const ids = async (request: object) =>
      (await table.page(thing, { of: { shelf: "s" }, limit: 10, ...request })).items.map(({ id }) => id);
    expect(await ids({ from: "a2", to: "b" })).toEqual(["a2", "b1"]);
    expect(await ids({ to: "a1" })).toEqual(["a1"]);
    expect(await ids({ from: "b1" })).toEqual(["b1", "c1"]);
    const byIndex = { index: "gsi1", of: { status: "open" } };
    expect(await ids({ ...byIndex, to: "a2" })).toEqual(["a1", "a2"]);
  });

  it("takes no cursor of another list, and none that leads out of its tenant", async () => {
    const [own, other] = [fresh(), fresh()];
    for (const table of [own, other])
      await table.transact(["a", "b", "c"].map((id) => table.writes.create(thing, new_(id))));
    const { next_cursor } = await other.page(thing, { of: { shelf: "s" }, limit: 1 });
    const refused = { code: "invalid_cursor" };
    await expect(own.page(thing, { of: { shelf: "s" }, limit: 1, cursor: next_cursor ?? "" })).rejects.toMatchObject(
      refused,
    );
    const mine = await own.page(thing, { of: { shelf: "s" }, limit: 1 });
    const parsed = JSON.parse(Buffer.from(mine.next_cursor ?? "", "base64url").toString("utf8"));
    const forge = (k: object) => Buffer.from(JSON.stringify({ ...parsed, k })).toString("base64url");
    const reach = forge({ pk: `x#T#${other.tenant}#THINGS#s`, sk: "THING#a" });
    const page = await own.page(thing, { of: { shelf: "s" }, limit: 10, cursor: reach });
    expect(page.items.map(({ id }) => id)).toEqual(["b", "c"]);
    const nonsense = forge({ pk: "#THINGS#s", sk: "THING#a", evil: "x" });
    await expect(own.page(thing, { of: { shelf: "s" }, limit: 1, cursor: nonsense })).rejects.toMatchObject(refused);
  });
});

describe("a batch of reads", () => {
  it("keeps the order, leaves gaps, and takes more than a hundred and the same twice", async () => {
    const table = fresh();
    const ids = Array.from({ length: 130 }, (_, i) => `i${i}`);
    for (let i = 0; i < ids.length; i += 65)
      await table.transact(ids.slice(i, i + 65).map((id) => table.writes.create(thing, new_(id))));
    const reads = [...ids, "none", "i3"].map((id) => table.read(thing, { shelf: "s", id }));
    const items = await table.table.batch(reads);
    expect(items.map((item) => item?.id)).toEqual([...ids, undefined, "i3"]);
  });
});

describe("one conditional write", () => {
  it("gives back the item as it is afterwards, or the refusal chosen from what was there", async () => {
    const table = fresh();
    await table.transact([table.writes.create(thing, new_("n"))]);
    const take = () =>
      table.apply(
        thing,
        table.writes.update(thing, { shelf: "s", id: "n" }, { add: { count: 1 } }, { below: { count: 5 } }, (old) =>
          wrongState("counter", String(old?.count), "below 5"),
        ),
      );
    const results = await Promise.allSettled(Array.from({ length: 50 }, take));
    const counts = results.flatMap((one) => (one.status === "fulfilled" ? [one.value.count] : []));
    expect(counts.sort()).toEqual([1, 2, 3, 4, 5]);
    await expect(take()).rejects.toMatchObject({ code: "conflict", options: { members: { state: "5" } } });
  });
});
