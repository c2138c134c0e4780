import type { Units } from "../test/support/units/counter.ts";
import { atMost, type Benchmark, equal, type Row } from "./row.ts";
import { scenarios } from "./units/scenarios.ts";
import { furnish } from "./units/scene.ts";
import { startWorld, type World } from "./units/world.ts";

const FEW = 10;
const MANY = 1_000;
/** As many requests as a function instance serves a busy caller within a minute. */
const BUSY = 400;

export const requestUnits: Benchmark = {
  id: "request-units",
  title: "Request units and calls per operation",
  about: `
What each operation asks of the table, everything included: authentication, live rights, audit entry and event. Counting
of requests has a row of its own, because a function instance reserves slices of the allowance: which request pays for one is chance. The rooms' own handlers run in this process on the DynamoDB engine of the local AWS; units are worked out from the items by AWS's rules
(4 KB a read unit, half when eventually consistent; 1 KB a write unit, twice in a transaction; each index entry that is made, moved,
changed or removed), because an emulator's own numbers are not AWS's. \`ours\` is the sum of read and write units in an organization with
${MANY.toLocaleString("en")} workspaces, agents, pipelines, runs and webhooks and their audit entries, \`other\` in one with ${FEW}. **No operation may cost
more, or make more calls, because there is more.** Pages are of the same length in both.
`,
  async run() {
    const world = await startWorld();
    try {
      const few = await measure(world, "few", FEW);
      const many = await measure(world, "many", MANY);
      return [...scenarios.map(({ id }) => rowOf(id, many.get(id), few.get(id))), await counting(world)];
    } finally {
      await world.stop();
    }
  },
};

async function measure(world: World, name: string, count: number): Promise<Map<string, Units>> {
  const tenant = await world.found(name);
  const scene = await furnish(tenant, count);
  const measured = new Map<string, Units>();
  for (const { id, method, path, body, before, prepare } of scenarios) {
    await before?.(tenant);
    const request = { path: path(scene), body: body?.(scene), ...(await prepare?.(tenant, scene)) };
    measured.set(id, await world.counter.of(() => tenant.call(method, request.path, request.body, request.cookie)));
  }
  return measured;
}

async function counting(world: World): Promise<Row> {
  const tenant = await world.found("busy");
  const first = await world.counter.apart(() => tenant.call("GET", "/agents"));
  const all = await world.counter.apart(async () => {
    for (let i = 0; i < BUSY; i++) await tenant.call("GET", "/agents");
  });
  const what = `Counting a request of a busy caller, the mean of ${BUSY}, against that of his first one`;
  return atMost(0.1, { id: "units-counting", what, unit: "units" }, all / BUSY, first);
}

function rowOf(id: string, many: Units | undefined, few: Units | undefined): Row {
  if (many === undefined || few === undefined) throw new Error(`${id} was not measured`);
  const what = `${id}: ${many.calls} calls, ${many.reads} read and ${many.writes} write units`;
  const facts = { id: `units-${id}`, what, unit: "units" };
  return equal(facts, many.reads + many.writes, few.reads + few.writes, many.calls === few.calls);
}
