import { ExportCheck } from "../functions/audit/exports/rules/verify.ts";
import { sha256 } from "../functions/audit/tree/rules/merkle.ts";
import { exportOf } from "../test/support/audit-tree.ts";
import { inTurns, microsecondsOf, spreadOf } from "./measure.ts";
import { type Benchmark, bounded, context } from "./row.ts";

const LINES = 2_000;
const ROUNDS = 25;

export const auditVerification: Benchmark = {
  id: "audit-verification",
  title: "Verification of an audit export",
  about: `
What \`npm run audit:verify\` does with each line of an export: it is read, looked at, hashed as the leaf of its entry and
added to the tree. The bound is that of a million entries in a minute. As context, what no check can do without: the line is parsed and
its bytes are hashed once.
`,
  async run() {
    const { lines, keys } = exportOf(LINES);
    const check = () => {
      const checking = new ExportCheck({ key: keys.known });
      for (const line of lines) checking.take(line);
      if (checking.end().entries !== LINES) throw new Error("the export is whole, and something says it is not");
    };
    const least = () => {
      for (const line of lines) sha256(Buffer.from(JSON.stringify(JSON.parse(line))));
    };
    const measured = await inTurns(ROUNDS, {
      ours: () => microsecondsOf(1, check),
      least: () => microsecondsOf(1, least),
    });
    const ours = measured.ours.least / LINES;
    const facts = { unit: "µs", spread: spreadOf(measured.ours) };
    return [
      bounded(60, { ...facts, id: "audit-verification-line", what: "Checking one line of an export" }, ours),
      context(
        { ...facts, id: "audit-verification-least", what: "The same against parsing and hashing it" },
        ours,
        measured.least.least / LINES,
      ),
    ];
  },
};
