import * as z from "zod";
import { cutText } from "../../../shared/text.ts";
import { type PlannedCase, type Result, resultSchema, suiteRunView } from "../model.ts";

/** A report is one answer: so many assertions of a case that do not hold, and texts so long. */
const MOST_SHOWN = 5;

const reported = resultSchema
  .omit({ suite_run_id: true })
  .extend({ assertions_failed: z.int() })
  .meta({ id: "SuiteReported", description: "A case in a report, with assertions that do not hold." });

export const reportView = z
  .object({
    suite_run: suiteRunView,
    results: z.array(reported),
    shortened: z.int().meta({
      description:
        "How many cases have no tags and of their texts only beginnings, so that the report fits an answer; `/results` has all of them.",
    }),
  })
  .meta({ id: "SuiteReport", description: "What a job came to, case by case." });

/** An answer of a function has 6 MB, with the body as a text within JSON. */
export const MOST_REPORT_BYTES = 4_000_000;
/** What a case takes at most when it is shortened: its names and ids, and beginnings of two texts. */
const SHORT_BYTES = 4_000;
const SHORT_CHARACTERS = 100;

/** Tells each case in whole while there is room, with enough kept for those that come after it; then shortened. */
function fitted<C, T>(
  cases: readonly C[],
  tell: (one: C, short: boolean) => T,
  textOf: (told: T) => string,
): { readonly told: T[]; readonly shortened: number } {
  let left = MOST_REPORT_BYTES - cases.length * SHORT_BYTES;
  let shortened = 0;
  const told = cases.map((one) => {
    const whole = tell(one, false);
    const more = Buffer.byteLength(JSON.stringify(textOf(whole))) - SHORT_BYTES;
    if (more > left) {
      shortened++;
      return tell(one, true);
    }
    left -= more;
    return whole;
  });
  return { told, shortened };
}

/** The cases of a report: of each the assertions that do not hold. */
export function reportedOf(results: readonly Result[]): Pick<z.input<typeof reportView>, "results" | "shortened"> {
  const tell = ({ suite_run_id: _, ...result }: Result, short: boolean): z.input<typeof reported> => {
    const found = result.assertions.filter(({ passed }) => passed !== true);
    const whole = { ...result, assertions: found.slice(0, MOST_SHOWN), assertions_failed: found.length };
    return short ? { ...whole, ...shortenedOf({ ...result, assertions: found }), tags: [] } : whole;
  };
  const { told, shortened } = fitted(results, tell, (one) => JSON.stringify(one));
  return { results: told, shortened };
}

/** The beginnings of what says why a case did not pass. */
function shortenedOf({
  error,
  assertions,
}: Pick<Result, "error" | "assertions">): Pick<Result, "error" | "assertions"> {
  const begin = (message: string) => cutText(message, SHORT_CHARACTERS);
  const [first] = assertions;
  return {
    error: error === null ? null : { ...error, message: begin(error.message) },
    assertions: first === undefined ? [] : [{ ...first, message: begin(first.message), expected: null, actual: null }],
  };
}

/** What a report in XML is made of. */
export interface Reported {
  readonly suite_run_id: string;
  readonly suite_name: string;
  readonly kind: string;
  readonly target_id: string;
  readonly version: number;
  readonly created_at: string;
  /** Every case of the job, in order. */
  readonly plan: readonly Pick<PlannedCase, "id" | "name">[];
  readonly results: readonly Result[];
}

/** JUnit's report of a job: a case that has no result is skipped. */
export function junitOf(job: Reported): string {
  const found = new Map(job.results.map((result) => [result.index, result]));
  const cases = job.plan.map((one, index) => ({ one, result: found.get(index) }));
  const count = (outcome: Result["outcome"]) =>
    cases.filter(({ result }) => (result?.outcome ?? "skipped") === outcome).length;
  const seconds = (ms: number) => (ms / 1_000).toFixed(3);
  const total = job.results.reduce((sum, { latency_ms }) => sum + (latency_ms ?? 0), 0);
  const sums = attributes({
    name: job.suite_name,
    tests: cases.length,
    failures: count("failed"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds(total),
  });
  const { told, shortened } = fitted(
    cases,
    ({ one, result }, short) => {
      const time = seconds(result?.latency_ms ?? 0);
      const inside = inner(result, short);
      const head = `    <testcase${attributes({ name: one.name, classname: job.suite_name, time })}`;
      return inside === "" ? `${head}/>` : `${head}>\n${inside}    </testcase>`;
    },
    (text) => text,
  );
  const properties = {
    suite_run_id: job.suite_run_id,
    [`${job.kind}_id`]: job.target_id,
    version: job.version,
    ...(shortened === 0 ? {} : { shortened }),
  };
  const lines = Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${sums}>`,
    `  <testsuite${sums}${attributes({ timestamp: job.created_at })}>`,
    "    <properties>",
    ...lines,
    "    </properties>",
    ...told,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** What stands in a case: why it did not pass, and where to look. */
function inner(whole: Result | undefined, short: boolean): string {
  const result = whole === undefined || !short ? whole : { ...whole, ...shortenedOf(saying(whole)) };
  if (result === undefined) return '      <skipped message="was not run"/>\n';
  const run = result.run_id === null ? "" : `      <system-out>${escaped(`run ${result.run_id}`)}</system-out>\n`;
  switch (result.outcome) {
    case "passed":
      return run;
    case "skipped":
      return `      <skipped${attributes({ message: result.error?.message ?? "was not run to its end" })}/>\n${run}`;
    case "error": {
      const undecided = result.assertions.find(({ passed }) => passed === null);
      const { code, message } = result.error ?? { code: "undecided", message: undecided?.message ?? "no verdict" };
      return `      <error${attributes({ type: code, message })}/>\n${run}`;
    }
    case "failed": {
      const found = result.assertions.filter(({ passed }) => passed === false);
      const text = found.slice(0, MOST_SHOWN).map(({ kind, message, expected, actual }) => {
        const values = [
          expected === null ? "" : `\n  expected: ${expected}`,
          actual === null ? "" : `\n  actual: ${actual}`,
        ];
        return `${kind}: ${message}${values.join("")}`;
      });
      const [first] = found;
      const told = attributes({ type: first?.kind ?? "assertion", message: first?.message ?? "does not hold" });
      return `      <failure${told}>${escaped(text.join("\n"))}</failure>\n${run}`;
    }
  }
}

/** A case with the assertions that say why it came out as it did. */
const saying = ({ outcome, error, assertions }: Result) => {
  const says = outcome === "error" ? null : false;
  return { error, assertions: assertions.filter(({ passed }) => passed === says) };
};

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`)
    .join("");

// What XML 1.0 has no place for, escaped or not; lone halves of characters are mended before.
const FORBIDDEN = /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replaceAll(FORBIDDEN, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
