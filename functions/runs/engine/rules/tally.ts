import { canonicalJson, isObject, type Json, type JsonObject, setOwn } from "../../../../shared/expressions/json.ts";
import { parsePath, readPath } from "../../../../shared/expressions/paths.ts";
import type { GraphNode } from "../../../pipelines/graph/public.ts";
import { isAnswer, type TakenInput } from "./input.ts";
import type { AttemptResult } from "./outcome.ts";

type Config = Extract<GraphNode, { kind: "merge" | "synthesizer" }>["config"];

const failed = (code: string, message: string): AttemptResult => ({
  ok: false,
  error: { code, message },
  retryable: false,
});

export const tooFew = (quorum: number, there: number) =>
  failed("no_quorum", `${quorum} inputs have to bring one; ${there} did.`);

interface Ballot {
  readonly node_id: string;
  readonly value: Json;
}

/** What each input brings: the value at `of`, else by the strategy's own reading; null and nothing are abstentions. */
function ballotsOf(inputs: readonly TakenInput[], of: string | undefined, reading: (value: Json) => Json): Ballot[] {
  const segments = of === undefined ? undefined : parsePath(of);
  return inputs.flatMap(({ node_id, value }) => {
    const brought = segments === undefined ? reading(value) : (readPath(value, segments) as Json | undefined);
    if (brought === undefined || brought === null) return [];
    return [{ node_id, value: typeof brought === "string" ? brought.trim() : brought }];
  });
}

/**
 * Strategy vote: `{choice, votes, ballots, tally: [{choice, votes, nodes}]}`, the tally by votes and among equals in the order
 * in which they were first cast. Texts are the same whatever the space around them; other values when their JSON is.
 */
export function vote(inputs: readonly TakenInput[], { of, quorum = 1, winner, ties }: Config): AttemptResult {
  const ballots = ballotsOf(inputs, of, (value) => (isAnswer(value) ? value.text : value));
  if (ballots.length < quorum) return tooFew(quorum, ballots.length);
  const counted = new Map<string, { readonly choice: Json; readonly nodes: string[] }>();
  for (const { node_id, value } of ballots) {
    const key = canonicalJson(value);
    const same = counted.get(key) ?? { choice: value, nodes: [] };
    counted.set(key, same);
    same.nodes.push(node_id);
  }
  const tally = [...counted.values()]
    .map(({ choice, nodes }) => ({ choice, votes: nodes.length, nodes }))
    .sort((a, b) => b.votes - a.votes);
  const [first, second] = tally;
  if (first === undefined) return tooFew(quorum, 0);
  if (winner === "majority" && first.votes * 2 <= ballots.length)
    return failed("no_majority", `The most votes were ${first.votes} of ${ballots.length}; it takes more than half.`);
  if (ties === "fail" && second?.votes === first.votes)
    return failed(
      "tie",
      `${tally.filter(({ votes }) => votes === first.votes).length} have ${first.votes} votes each.`,
    );
  return { ok: true, output: { choice: first.choice, votes: first.votes, ballots: ballots.length, tally } };
}

/** A number, also one that an agent wrote as its whole text. */
const numberOf = (value: Json): number | undefined => {
  const number = typeof value === "string" && /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
};

/** Strategy average: the mean of numbers; of objects of numbers an object with the mean of each member that all of them have. */
export function average(inputs: readonly TakenInput[], { of, quorum = 1 }: Config): AttemptResult {
  const brought = ballotsOf(inputs, of, (value) => (isAnswer(value) ? (value.object ?? value.text) : value));
  if (brought.length < quorum) return tooFew(quorum, brought.length);
  const values = brought.map(({ value }) => value);
  if (values.every(isObject)) return averageOfObjects(brought);
  const numbers = values.map(numberOf);
  const odd = brought[numbers.indexOf(undefined)];
  if (odd !== undefined) return failed("not_a_number", `What ${odd.node_id} brings is not a number.`);
  return { ok: true, output: mean(numbers.filter((number) => number !== undefined)) };
}

function averageOfObjects(brought: readonly Ballot[]): AttemptResult {
  const objects = brought.map(({ value }) => value as JsonObject);
  const result: JsonObject = {};
  for (const key of Object.keys(objects[0] ?? {})) {
    if (!objects.every((object) => Object.hasOwn(object, key))) continue;
    const numbers = objects.map((object) => numberOf(object[key] ?? null));
    const odd = brought[numbers.indexOf(undefined)];
    if (odd !== undefined) return failed("not_a_number", `What ${odd.node_id} brings as ${key} is not a number.`);
    setOwn(result, key, mean(numbers.filter((number) => number !== undefined)));
  }
  return { ok: true, output: result };
}

/** By parts where the sum of large numbers is too large; never beyond the numbers themselves, whatever rounding does. */
function mean(numbers: readonly number[]): number {
  const sum = numbers.reduce((so_far, number) => so_far + number, 0);
  const whole = Number.isFinite(sum)
    ? sum / numbers.length
    : numbers.reduce((so_far, number) => so_far + number / numbers.length, 0);
  return Math.min(Math.max(whole, Math.min(...numbers)), Math.max(...numbers));
}
