import { atMost, type Benchmark, type Row } from "./row.ts";
import { type Cost, kindsMeasured, walkCost } from "./units/walk.ts";
import { startWorld } from "./units/world.ts";

const FEW = 4;
const MANY = 40;

export const runUnits: Benchmark = {
  id: "run-units",
  title: "Request units, invocations and transitions per node of a run",
  about: `
What one more node costs a run, by its kind: invocations of the function that does tasks, transitions of the state machine, and request units of
the table by AWS's rules, the look at rights before each step and the numbered log included. What a node asks outside, and what a call to a
model or a run within is metered by, is not in it. \`ours\` is the sum of units per node in a chain of ${MANY}, \`other\` in one of ${FEW}: **a node may not cost more
because there are more of them**, but for the graph that is read with it.
`,
  async run() {
    const world = await startWorld();
    try {
      const tenant = await world.found("walks");
      const rows: Row[] = [];
      for (const kind of kindsMeasured) {
        const none = await walkCost(world, tenant, kind, 0);
        const few = perNode(await walkCost(world, tenant, kind, FEW), none, FEW);
        const many = perNode(await walkCost(world, tenant, kind, MANY), none, MANY);
        const what = `A node of kind ${kind}: ${shown(many.invocations)} invocations, ${shown(many.transitions)} transitions, ${shown(many.reads)} read and ${shown(many.writes)} write units`;
        const facts = { id: `run-units-${kind}`, what, unit: "units" };
        rows.push(atMost(1.02, facts, many.reads + many.writes, few.reads + few.writes));
      }
      return rows;
    } finally {
      await world.stop();
    }
  },
};

const shown = (value: number): string => String(Number(value.toFixed(1)));

const perNode = (all: Cost, none: Cost, count: number): Cost => ({
  invocations: (all.invocations - none.invocations) / count,
  transitions: (all.transitions - none.transitions) / count,
  reads: (all.reads - none.reads) / count,
  writes: (all.writes - none.writes) / count,
});
