import { type Dag, randomDag, trivialChain } from "./makespan/dags.ts";
import { type Lab, startLab } from "./makespan/lab.ts";
import { roundsOf, spreadOf } from "./measure.ts";
import { atMost, type Benchmark, context } from "./row.ts";

const GRAPHS = 50;
/** A pair of chains runs after so many graphs, under the same load as they. */
const GRAPHS_PER_CHAINS = 5;
const SHORT = 6;
const LONG = 12;
/** As many pipelines as the free plan has. */
const AT_A_TIME = 5;

export const runMakespan: Benchmark = {
  id: "run-makespan",
  title: "Makespan of runs against the critical path",
  about: `
${GRAPHS} random graphs (fixed seeds) of 6 to 12 tasks with forks, joins and values between them run on the deployed stack. Tasks are HTTP
requests and agents whose answer takes a known time, 0.8 to 2.4 s. A run cannot be faster than the longest way through its
graph; \`ours\` is the median over all graphs of the time from start to end, without the workflow interpreter's own time for the tasks on
that way, and \`other\` the median of the longest ways. What the interpreter takes for a task is measured between the graphs by chains of ${SHORT} and
${LONG} tasks that do nothing: on AWS it is some ten milliseconds, here it depends on the local interpreter. The ratio is the median of the graphs' own ratios.
\`run-waves\` runs the same tasks, on the same engine and between the same runs, as an engine does that works a graph off wave by wave: each waits for all
that stand before it in the levels of the graph.
`,
  async run() {
    const lab = await startLab();
    try {
      await warmUp(lab);
      const { graphs, waves, short, long } = await measure(lab);
      const step = (roundsOf(long).median - roundsOf(short).median) / (LONG - SHORT);
      const own = graphs.map(({ dag, took }) => took - step * dag.critical_tasks);
      const ratios = roundsOf(graphs.map(({ dag }, i) => (own[i] ?? 0) / dag.critical_ms));
      const facts = { unit: "ms", spread: spreadOf(ratios) };
      const against = roundsOf(graphs.map(({ took }, i) => took / (waves[i]?.took ?? 0)));
      const critical = roundsOf(graphs.map(({ dag }) => dag.critical_ms));
      const row = atMost(
        1.1,
        { ...facts, id: "run-makespan", what: `Runs of ${GRAPHS} random graphs against their longest ways` },
        ratios.median,
        1,
      );
      return [
        { ...row, ours: Math.round(roundsOf(own).median), other: critical.median },
        {
          ...atMost(
            1,
            {
              unit: "ms",
              spread: spreadOf(against),
              id: "run-waves",
              what: "The same runs, against the same tasks wave by wave",
            },
            against.median,
            1,
          ),
          ours: Math.round(roundsOf(graphs.map(({ took }) => took)).median),
          other: Math.round(roundsOf(waves.map(({ took }) => took)).median),
        },
        context({ ...facts, id: "run-step", what: "The local interpreter's own time for one task" }, step, null),
      ];
    } finally {
      await lab.stop();
    }
  },
};

/** The first processes of the function are started by graphs that nobody measures. */
async function warmUp(lab: Lab): Promise<void> {
  await lab.run(trivialChain(SHORT, lab.means).graph);
  await Promise.all(Array.from({ length: AT_A_TIME }, (_, i) => lab.run(randomDag(1_000 + i, lab.means).graph)));
}

async function measure(lab: Lab) {
  const graphs: { dag: Dag; took: number }[] = [];
  const waves: { took: number }[] = [];
  const short: number[] = [];
  const long: number[] = [];
  const work: (() => Promise<void>)[] = [];
  for (let i = 0; i < GRAPHS; i++) {
    const dag = randomDag(i, lab.means);
    work.push(async () => {
      graphs[i] = { dag, took: await lab.run(dag.graph) };
    });
    work.push(async () => {
      waves[i] = { took: await lab.run(dag.waves) };
    });
    if (i % GRAPHS_PER_CHAINS !== 0) continue;
    work.push(async () => void short.push(await lab.run(trivialChain(SHORT, lab.means).graph)));
    work.push(async () => void long.push(await lab.run(trivialChain(LONG, lab.means).graph)));
  }
  const worker = async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return { graphs, waves, short, long };
}
