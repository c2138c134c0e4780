import { type Problem, wrongState } from "./errors.ts";

/** One permitted change of state: from which states (none: the thing is new), to which, and what makes it happen. */
export interface Move<S extends string> {
  readonly from: readonly S[];
  readonly to: S;
  readonly why: string;
}

/** The states of one noun and the moves between them, as `docs/states.md` shows them. */
export interface StateTable<S extends string = string> {
  readonly noun: string;
  readonly names: readonly S[];
  readonly moves: readonly Move<S>[];
  /** States that nothing leaves. */
  readonly ends: readonly S[];
}

/** A table with what is asked of it: conditions of writes and refusals come from it. */
export interface States<S extends string> extends StateTable<S> {
  /** States from which something may come to `to`; what the condition of that write lists. */
  from(to: S): readonly S[];
  /** Whether that change is in the table. */
  allows(from: S, to: S): boolean;
  /** The refusal of a move to `to`, or of a request that needs one of `needed`; names the actual state. */
  refusal(actual: string, needed: S | readonly S[]): Problem;
}

const declared: StateTable[] = [];

/** Every table that the modules loaded so far have declared; the source of docs/states.md. */
export const declaredStates = (): readonly StateTable[] => declared;

/** Declares the states of a noun. @throws for a state that nothing leads to, and for a move that stands there twice */
export function defineStates<const S extends string>(
  noun: string,
  names: readonly S[],
  moves: readonly Move<S>[],
): States<S> {
  const from = (to: S) => [...new Set(moves.filter((move) => move.to === to).flatMap((move) => move.from))];
  for (const name of names) {
    if (!moves.some(({ to }) => to === name)) throw new Error(`nothing leads to ${noun} ${name}`);
  }
  const states: States<S> = {
    noun,
    names,
    moves,
    from,
    allows: (before, after) => from(after).includes(before),
    ends: names.filter((name) => !moves.some((move) => move.from.includes(name))),
    refusal: (actual, needed) => wrongState(noun, actual, either(typeof needed === "string" ? from(needed) : needed)),
  };
  declared.push(states);
  return states;
}

/** `a`, `a or b`, `a, b or c`. */
const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
