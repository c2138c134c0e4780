import { dim, short, table } from "./show.ts";

/** Signs that a run's whole time takes on the terminal. */
const WIDTH = 40;

// biome-ignore lint/suspicious/noExplicitAny: an answer of the API as it is
type Step = any;

const time = (at: string): number => Date.parse(at);

/** How the step came to go on by its handle, or what it cost. */
function said({ choice, handle, model, tokens_in, tokens_out, output, kind }: Step): string {
  if (choice?.strategy === "semantic") return `→ ${handle}, ${choice.confidence} sure: ${choice.reason}`;
  if (choice?.strategy === "round_robin") return `→ ${handle}, turn ${choice.turn}`;
  if (choice?.strategy === "random") return `→ ${handle}, drawn`;
  if (kind === "condition") return `→ ${handle}`;
  const tokens = model === null ? "" : `${tokens_in} + ${tokens_out} tokens  `;
  return `${tokens}${output === undefined ? "" : short(output).slice(0, 70)}`;
}

/**
 * Draws who ran when, side by side or one after the other, what was chosen and what it cost; one line for each step that
 * ran, in the order in which they began.
 */
export function drawTrace(steps: readonly Step[]): void {
  const ran = steps.filter(({ started_at, finished_at }) => started_at !== null && finished_at !== null);
  const from = Math.min(...ran.map(({ started_at }) => time(started_at)));
  const whole = Math.max(1, Math.max(...ran.map(({ finished_at }) => time(finished_at))) - from);
  const rows = ran
    .toSorted((a, b) => time(a.started_at) - time(b.started_at) || time(a.finished_at) - time(b.finished_at))
    .map((step) => {
      const begin = Math.min(WIDTH - 1, Math.floor(((time(step.started_at) - from) / whole) * WIDTH));
      const length = Math.max(1, Math.round((step.duration_ms / whole) * WIDTH));
      const bar = `${" ".repeat(begin)}${"█".repeat(Math.min(length, WIDTH - begin))}`.padEnd(WIDTH);
      return [step.node_id, step.kind, bar, `${step.duration_ms} ms`, dim(said(step))];
    });
  console.log(table(["Step", "Kind", `0 to ${whole} ms`, "Time", "What came of it"], rows).replaceAll(/^/gm, "   "));
}
