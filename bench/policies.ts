import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { inTurns, microsecondsOf, type Rounds, spreadOf } from "./measure.ts";
import { cases, crowded, type Rule, spread } from "./policies/cases.ts";
import { casbin, casl, cedar, type Engine, jsonLogic, ours } from "./policies/engines.ts";
import { atMost, type Benchmark, context, type Row } from "./row.ts";

const SIZES = [1, 10, 100, 1_000];
const ROUNDS = 61;
const folder = join(import.meta.dirname, "policies");

export const policies: Benchmark = {
  id: "policies",
  title: "Decisions by policies",
  about: `
One request decided by the policies of an organization: a developer updates an agent that is somebody's. Each policy denies one action on one
type of things to one role, for things of a status that are not the caller's own; no two are about the same, so one of them matters, and half of the
requests are denied by it. Every engine has its policies ready (parsed, compiled, indexed), is checked to give the same answers, and
decides the same 64 requests: \`@casl/ability\` with an ability made for the caller and their role, \`casbin\` synchronously with one matcher, \`json-logic-js\`
with one expression for each policy, \`@cedar-policy/cedar-wasm\` with the set of policies parsed and the requests in its form. The row "all about
the request" is the worst case, in which nothing but looking at each policy helps.
`,
  async run() {
    install();
    const rows: Row[] = [];
    // The engines of JavaScript optimise for what they have seen: all sizes pass before any is measured.
    for (const size of SIZES) await measure(spread(size), 3);
    const first = await measure(spread(1), ROUNDS);
    for (const size of SIZES) {
      const found = size === 1 ? first : await measure(spread(size), ROUNDS);
      rows.push(...rowsOf(size, found));
    }
    const { one, thousand } = await bothSizes();
    const facts = { unit: "µs", spread: spreadOf(thousand) };
    rows.push(
      atMost(1.5, { ...facts, id: "policies-growth", what: "1,000 policies against one" }, thousand.least, one.least),
    );
    const worst = await measure(crowded(1_000), 5);
    rows.push(
      context(
        {
          unit: "µs",
          spread: spreadOf(worst.ours),
          id: "policies-crowded",
          what: "1,000 policies, all about the request, against CASL",
        },
        worst.ours.least,
        worst.casl.least,
      ),
    );
    return rows;
  },
};

type Found = Readonly<Record<"ours" | "casl" | "casbin" | "logic" | "cedar", Rounds>>;

/** At least one and a half times, a thousand times as fast: at most this part of the other's time. */
const TIMES_CASL = 0.66;
const TIMES_THOUSAND = 0.001;

function rowsOf(size: number, found: Found): Row[] {
  const what = `A decision by ${size.toLocaleString("en")} ${size === 1 ? "policy" : "policies"} against`;
  const about = (name: string, label: string) => ({
    unit: "µs",
    spread: spreadOf(found.ours),
    id: `policies-${name}-${size}`,
    what: `${what} ${label}`,
  });
  const { least } = found.ours;
  const others = [
    ["casbin", "casbin"],
    ["cedar", "cedar-wasm"],
  ] as const;
  return [
    atMost(TIMES_CASL, about("casl", "CASL"), least, found.casl.least),
    ...others.map(([name, label]) =>
      size === 1_000
        ? atMost(TIMES_THOUSAND, about(name, label), least, found[name].least)
        : context(about(name, label), least, found[name].least),
    ),
    context(about("logic", "json-logic-js"), least, found.logic.least),
  ];
}

/** What one decision takes by each engine, in microseconds of the processor. */
async function measure(rules: readonly Rule[], rounds: number): Promise<Found> {
  const engines = {
    ours: ours(rules),
    casl: casl(rules),
    logic: jsonLogic(rules),
    casbin: await casbin(rules),
    cedar: cedar(rules),
  };
  agree(engines);
  const slow = Math.min(rounds, 7);
  return {
    ...(await inTurns(rounds, { ours: decisions(engines.ours, 200), casl: decisions(engines.casl, 200) })),
    ...(await inTurns(slow, {
      logic: decisions(engines.logic, 2),
      casbin: decisions(engines.casbin, 1),
      cedar: decisions(engines.cedar, 1),
    })),
  };
}

/** Both ends of the growth in turns, so that the same load meets both. */
const bothSizes = () => {
  const [one, thousand] = [ours(spread(1)), ours(spread(1_000))];
  return inTurns(ROUNDS, { one: decisions(one, 200), thousand: decisions(thousand, 200) });
};

const decisions = (engine: Engine, times: number) => (): number => {
  let allowed = 0;
  const spent = microsecondsOf(times, () => {
    for (const asked of cases) if (engine(asked)) allowed++;
  });
  if (allowed === 0) throw new Error("nothing is allowed");
  return spent / cases.length;
};

/** Engines that decide differently are not compared. */
function agree(engines: Readonly<Record<string, Engine>>): void {
  for (const asked of cases) {
    const expected = asked.thing.status !== "archived" || asked.thing.owner_id === asked.caller.id;
    for (const [name, engine] of Object.entries(engines))
      if (engine(asked) !== expected) throw new Error(`${name} decides ${asked.thing.id} wrongly`);
  }
}

function install(): void {
  if (existsSync(join(folder, "node_modules"))) return;
  console.log("  Installing the other engines into bench/policies (npm ci)");
  const options = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
  const result = spawnSync("npm", ["ci", ...options], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error("npm ci in bench/policies failed");
}
