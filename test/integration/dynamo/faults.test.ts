import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineItem } from "../../../shared/dynamo/item.ts";
import { AnswerLost } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write, Writes } from "../../../shared/dynamo/write.ts";
import { Problem, wrongState } from "../../../shared/errors.ts";
import { type Fault, faultsOf, faultyTable, type TableCommand } from "../../support/faulty-table.ts";
import { stackTable } from "../../support/stack.ts";

const thing = defineItem({
  type: "test_faulty",
  summary: "Made up for tests of the table's faults.",
  schema: z.object({
    id: z.string(),
    status: z.string(),
    count: z.int(),
    owner: z.string().optional(),
    tags: z.set(z.string()).optional(),
    etag: z.string(),
  }),
  key: { pk: "FAULTY", sk: "{id}" },
  indexes: { gsi1: { pk: "FAULTY_BY#{status}", sk: "{id}" } },
});
const made = (id: string, more: object = {}) => ({ id, status: "open", count: 0, etag: "1", ...more });
const KEYS = Array.from({ length: 120 }, (_, i) => `n${String(i).padStart(3, "0")}`);

/** A table of one tenant with 120 things in it. */
async function fresh(): Promise<TenantTable> {
  const table = stackTable().of(`test_${randomBytes(8).toString("hex")}`);
  for (const part of [KEYS.slice(0, 60), KEYS.slice(60)])
    await table.transact(part.map((id) => table.writes.create(thing, made(id))));
  return table;
}

async function everything(table: TenantTable) {
  const all = [];
  for await (const item of table.all(thing, { of: {} })) all.push(item);
  return all;
}

interface Operation {
  readonly command: TableCommand;
  readonly run: (table: TenantTable) => Promise<unknown>;
  /** Not made again when its answer was lost: that is told, and it was made once. */
  readonly tells?: boolean;
}

const key = { id: "n000" };
const busy = () => wrongState("thing", "busy", "open");
const applied =
  (write: (writes: Writes) => Write): Operation["run"] =>
  (table) =>
    table.apply(thing, write(table.writes));
const committed = (...writes: ((writes: Writes) => Write)[]): Operation => ({
  command: "TransactWrite",
  run: (table) => table.transact(writes.map((write) => write(table.writes))),
});

const kinds = {
  create: (w: Writes) => w.create(thing, made("new")),
  put: (w: Writes) => w.put(thing, made("n001", { count: 5 })),
  "put under a condition": (w: Writes) => w.put(thing, made("n002", { count: 5 }), { equals: { count: 0 } }),
  replace: (w: Writes) => w.replace(thing, made("n003", { etag: "2" }), "1"),
  "update that sets": (w: Writes) => w.update(thing, { id: "n004" }, { set: { owner: "o" } }),
  "update that adds a number": (w: Writes) => w.update(thing, { id: "n005" }, { add: { count: 1 } }),
  "update that adds to a set": (w: Writes) => w.update(thing, { id: "n006" }, { add: { tags: new Set(["a"]) } }),
  "update that claims": (w: Writes) =>
    w.update(thing, { id: "n007" }, { set: { owner: "me" } }, { absent: ["owner"] }, busy),
  transition: (w: Writes) => w.transition(thing, { id: "n008" }, { from: ["open"], set: { status: "closed" } }, busy),
  remove: (w: Writes) => w.remove(thing, { id: "n009" }),
  check: (w: Writes) => w.check(thing, { id: "n010" }, { equals: { status: "open" } }, busy),
};
const { remove, check, ...single } = kinds;
/** What would be refused, or count twice, when it was made a second time. */
const tells = new Set([
  "create",
  "put under a condition",
  "replace",
  "update that adds a number",
  "update that claims",
  "transition",
]);

const operations: Readonly<Record<string, Operation>> = {
  get: { command: "Get", run: (table) => table.get(thing, key) },
  "batch of 120": {
    command: "BatchGet",
    run: (table) => table.table.batch(KEYS.map((id) => table.read(thing, { id }))),
  },
  "batch of one": { command: "BatchGet", run: (table) => table.table.batch([table.read(thing, key)]) },
  page: { command: "Query", run: (table) => table.page(thing, { of: {}, limit: 10 }) },
  "page of an index": {
    command: "Query",
    run: (table) => table.page(thing, { index: "gsi1", of: { status: "open" }, limit: 10 }),
  },
  all: { command: "Query", run: everything },
  ...Object.fromEntries(
    Object.entries(single).map(([name, write]) => [
      `apply: ${name}`,
      { command: /^(create|put|replace)/.test(name) ? "Put" : "Update", run: applied(write), tells: tells.has(name) },
    ]),
  ),
  ...Object.fromEntries(Object.entries(kinds).map(([name, write]) => [`transact: ${name}`, committed(write)])),
  "transact: all kinds together": committed(...Object.values(kinds)),
} as Readonly<Record<string, Operation>>;

const effects = (operation: Operation) => !["Get", "BatchGet", "Query"].includes(operation.command);
const mayHaveHappened = (fault: Fault) => fault === "lost" || fault === "fault";

/** What an operation answers and leaves when nothing is in its way; of a tenant of its own, whose name is taken out. */
async function attempt(operation: Operation, fault?: { readonly kind: Fault; readonly times: number }) {
  const table = await fresh();
  let left = fault?.times ?? 0;
  const faulty = faultyTable(() => (left-- > 0 ? fault?.kind : undefined));
  const outcome = await operation.run(faulty.of(table.tenant)).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  const plain = JSON.parse(
    JSON.stringify(outcome, (_, v) => (v instanceof Set ? [...v] : v)).replaceAll(table.tenant, "t"),
  );
  if ("answer" in plain && plain.answer?.next_cursor) plain.answer.next_cursor = "…";
  return { outcome, plain, left: await everything(table) };
}

const cases = Object.entries(operations).flatMap(([name, operation]) =>
  faultsOf(operation.command).map((fault) => [name, fault, operation] as const),
);

describe("every operation of the table", () => {
  it.concurrent.each(cases)(
    "%s, met once by %s: done once, or told",
    { timeout: 300_000 },
    async (_, kind, operation) => {
      const [calm, met] = await Promise.all([attempt(operation), attempt(operation, { kind, times: 1 })]);
      expect(calm.outcome).not.toHaveProperty("error");
      if (operation.tells === true && (kind === "cut" || mayHaveHappened(kind))) {
        expect(met.outcome).toEqual({ error: expect.any(AnswerLost) });
        // A connection that was cut before the request arrived looks the same from here.
        expect(met.left).toEqual(kind === "cut" ? await fresh().then(everything) : calm.left);
      } else {
        expect(met.plain).toEqual(calm.plain);
        expect(met.left).toEqual(calm.left);
      }
    },
  );

  it.concurrent.each(cases)(
    "%s, met always by %s: 503, at most once",
    { timeout: 300_000 },
    async (_, kind, operation) => {
      const [calm, met] = await Promise.all([attempt(operation), attempt(operation, { kind, times: 1_000 })]);
      const error = "error" in met.outcome ? met.outcome.error : undefined;
      expect(error).toBeInstanceOf(Problem);
      expect(error).toMatchObject({ code: "service_unavailable", status: 503 });
      const unknown = effects(operation) && (kind === "cut" || mayHaveHappened(kind));
      expect(error instanceof AnswerLost).toBe(unknown);
      expect(met.left).toEqual(
        effects(operation) && !mayHaveHappened(kind) ? await fresh().then(everything) : calm.left,
      );
    },
  );
});

describe("a lost answer", () => {
  it("followed by a refusal is told, where the refusal may be its own doing or another's", async () => {
    const table = await fresh();
    let sent = 0;
    const faulty = faultyTable(() => (++sent === 1 ? "lost" : undefined));
    const { writes } = table;
    const set = writes.update(thing, key, { set: { owner: "o" } }, { equals: { status: "open" } }, busy);
    const other = writes.update(thing, key, { set: { status: "closed" } });
    const send = faulty.client.send.bind(faulty.client) as (command: object) => Promise<unknown>;
    Object.assign(faulty.client, {
      send: (command: object) =>
        send(command).catch(async (error: unknown) => {
          await table.apply(thing, other);
          throw error;
        }),
    });
    await expect(faulty.of(table.tenant).apply(thing, set)).rejects.toBeInstanceOf(AnswerLost);
    expect(await table.get(thing, key)).toMatchObject({ owner: "o", status: "closed" });
  });

  it("of a write that knows its own doing is passed on as that write's refusal", async () => {
    const table = await fresh();
    let sent = 0;
    const faulty = faultyTable(() => (++sent === 1 ? "lost" : undefined)).of(table.tenant);
    let holder: string | undefined;
    const claim = table.writes.update(thing, key, { set: { owner: "me" } }, { absent: ["owner"] }, (old) => {
      holder = old?.owner;
      return busy();
    });
    await expect(faulty.apply(thing, { ...claim, lost: "decide" })).rejects.toMatchObject({ code: "conflict" });
    expect(holder).toBe("me");
  });
});
