import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditVerification } from "./audit-verification.ts";
import { bundleSize } from "./bundle-size.ts";
import { coldStart } from "./cold-start.ts";
import { cpuPerRequest } from "./cpu-per-request.ts";
import { graphValidation } from "./graph-validation.ts";
import { keyVerification } from "./key-verification.ts";
import { policies } from "./policies.ts";
import { readme } from "./readme.ts";
import { requestUnits } from "./request-units.ts";
import { retrieval } from "./retrieval.ts";
import type { Benchmark, Row } from "./row.ts";
import { runMakespan } from "./run-makespan.ts";
import { runUnits } from "./run-units.ts";
import { warmRequest } from "./warm-request.ts";
import { webhookFanOut } from "./webhook-fan-out.ts";

const benchmarks: readonly Benchmark[] = [
  bundleSize,
  coldStart,
  warmRequest,
  cpuPerRequest,
  graphValidation,
  policies,
  keyVerification,
  webhookFanOut,
  requestUnits,
  runUnits,
  runMakespan,
  retrieval,
  auditVerification,
];

const here = import.meta.dirname;

/** `npm run bench` runs all and writes the results; `npm run bench -- bundle-size` runs one and only prints it. */
async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((id) => !benchmarks.some((benchmark) => benchmark.id === id));
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(", ")}. There are: ${benchmarks.map(({ id }) => id).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  const groups: { benchmark: Benchmark; rows: Row[] }[] = [];
  for (const benchmark of benchmarks) {
    if (wanted.length > 0 && !wanted.includes(benchmark.id)) continue;
    console.log(`\n${benchmark.title}`);
    const began = performance.now();
    const rows = await benchmark.run();
    for (const row of rows) console.log(`  ${line(row)}`);
    console.log(`  (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    groups.push({ benchmark, rows });
  }
  if (wanted.length > 0) return;
  const rows = groups.flatMap(({ rows }) => rows);
  writeFileSync(join(here, "results.json"), `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(join(here, "README.md"), readme(groups, readFileSync(join(here, "README.intro.md"), "utf8")));
  const missed = rows.filter(({ met }) => met === false);
  console.log(
    `\n${rows.filter(({ met }) => met === true).length} goals met, ${missed.length} missed${missed.length === 0 ? "." : `: ${missed.map(({ id }) => id).join(", ")}`}`,
  );
}

function line({ id, ours, other, unit, ratio, goal, met, spread }: Row): string {
  const verdict = met === null ? "" : met ? "met" : "MISSED";
  const against = other === null ? "" : ` against ${other}`;
  return `${id.padEnd(34)} ${ours}${against} ${unit}${ratio === null ? "" : `, ratio ${ratio}`}${goal === null ? "" : ` (goal ${goal})`} ${verdict} [${spread}]`;
}

await main(process.argv.slice(2));
