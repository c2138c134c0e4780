import type { Json, JsonObject } from "../../../../shared/expressions/json.ts";
import { asText } from "../../../../shared/expressions/template.ts";
import { cutText } from "../../../../shared/text.ts";
import type { RunRecord } from "../../model.ts";

/** What a delegated task came to, in the words of outcomes; `none`, where there was no worker for it. */
export interface Done {
  readonly round: number;
  readonly task: string;
  readonly worker: string | null;
  readonly agent_id: string | null;
  readonly run_id: string | null;
  readonly outcome: "succeeded" | "failed" | "denied" | "timed_out" | "cancelled";
  /** The answer; of a task that did not succeed, why. */
  readonly text: string;
}

type Ended = Pick<RunRecord, "status" | "error">;

/** How a run of a worker came out; of one that is gone, that it was cancelled. */
export function outcomeOf(run: Ended | undefined, output: Json): Pick<Done, "outcome" | "text"> {
  if (run === undefined) return { outcome: "cancelled", text: "The run has been deleted." };
  const why = run.error?.message;
  switch (run.status) {
    case "completed":
      return { outcome: "succeeded", text: asText(output) };
    case "timed_out":
      return { outcome: "timed_out", text: why ?? "It took longer than it may." };
    case "stopped":
      return run.error === null
        ? { outcome: "cancelled", text: "It was stopped." }
        : { outcome: "denied", text: run.error.message };
    default:
      return { outcome: "failed", text: why ?? "It failed." };
  }
}

export const noWorker: Pick<Done, "outcome" | "text"> = {
  outcome: "failed",
  text: "No worker has any of the skills that the task names.",
};

/** So much of an answer is told to the supervisor, and of its own task; the whole of both is in the output. */
const TOLD_CHARACTERS = 20_000;
const TOLD_OF_TASK = 4_000;
/** So much is told of all answers together, some 50,000 tokens: what comes back in many rounds has to fit into a window. */
const TOLD_IN_ALL = 200_000;

function shown(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const told = cutText(text, characters);
  return `${told}\n[${text.length - told.length} more characters are left out here]`;
}

/** The message that the supervising agent gets: what it is asked, and what has come back so far. */
export function reported(message: string, done: readonly Done[]): string {
  if (done.length === 0) return message;
  const each = Math.min(TOLD_CHARACTERS, Math.floor(TOLD_IN_ALL / done.length));
  const parts = done.map(({ round, worker, outcome, task, text }, i) => {
    const who = worker === null ? "" : ` by ${worker}`;
    return `## Round ${round}, task ${i + 1}${who}: ${outcome}\n\nTask: ${shown(task, Math.min(TOLD_OF_TASK, each))}\n\n${shown(text, each)}`;
  });
  return [message, "# What the workers have come to", ...parts].join("\n\n");
}

/** What the step emits. @param reasons of each decision, that to answer included */
export const summary = (
  text: string,
  done: readonly Done[],
  reasons: readonly string[],
  { rounds, stopped_by }: { readonly rounds: number; readonly stopped_by: "supervisor" | "max_rounds" },
): JsonObject => ({
  text,
  delegations: done.map((one) => ({ ...one })),
  reasons: [...reasons],
  rounds,
  stopped_by,
});
