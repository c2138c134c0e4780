import { ANY, anyNumber, anyObject, anyText, closed, listPart, ofType, type Shape, union } from "./shape.ts";

/** What joins and agents emit, as far as it follows from what they are given. */

export const text: Shape = [anyText];
export const number: Shape = [anyNumber];
const count: Shape = [{ type: "number", min: 1, max: Infinity, whole: true }];
const listOf = (rest: Shape): Shape => listPart({ first: [], rest, min: 0, max: Infinity });

const answers = new WeakMap<Shape, Shape>();

/** What an agent emits, the same of the same object. An answer that was cut short has no object. */
export function answer(object: Shape): Shape {
  const known = answers.get(object);
  if (known !== undefined) return known;
  const made = closed(
    [
      ["text", text],
      ["object", object],
    ],
    ["text"],
  );
  answers.set(object, made);
  return made;
}

export interface Joined {
  readonly node_id: string;
  readonly shape: Shape;
}

const mayBe = (shape: Shape, type: Shape[number]["type"]): boolean => shape.some((part) => part.type === type);

/** One list where all are lists, else one text. */
export function concatenated(inputs: readonly Joined[]): Shape {
  if (inputs.some(({ shape }) => shape === ANY)) return union(text, listOf(ANY));
  const lists = inputs.some(({ shape }) => mayBe(shape, "array"));
  const texts = inputs.some(({ shape }) => shape.some(({ type }) => type !== "array"));
  return union(lists || !texts ? listOf(ANY) : [], texts || !lists ? text : []);
}

/** Whether an object may be what an agent answers, which counts as its `object`. */
const mayBeAnswer = (part: Extract<Shape[number], { type: "object" }>): boolean =>
  (part.members.get("text") ?? part.rest).some(({ type }) => type === "string") &&
  [...part.required].every((name) => name === "text" || name === "object");

/** Whether it is nothing else: a text and, where it has one, an object. */
const isAnswer = ({ members, rest, required }: Extract<Shape[number], { type: "object" }>): boolean =>
  rest.length === 0 &&
  required.has("text") &&
  (members.get("text") ?? []).every(({ type }) => type === "string") &&
  [...members.keys()].every((name) => name === "text" || name === "object");

/**
 * One object of all members. Known are its names, as long as those of all inputs are; a member that several may bring may
 * be merged of theirs, so of such nothing is said.
 */
export function mergedObject(inputs: readonly Joined[]): Shape {
  const members = new Map<string, Shape>();
  let known = true;
  const add = (name: string, shape: Shape, brought: Map<string, Shape>) =>
    brought.set(name, union(brought.get(name) ?? [], shape));
  const bring = (shape: Shape, node_id: string, brought: Map<string, Shape>, opened: boolean): void => {
    for (const part of shape) {
      if (part.type !== "object") add(node_id, [part], brought);
      else {
        if (opened || !isAnswer(part)) for (const [name, member] of part.members) add(name, member, brought);
        if (part.rest.length > 0) known = false;
        if (opened || !mayBeAnswer(part)) continue;
        add(node_id, text, brought);
        bring(part.members.get("object") ?? part.rest, node_id, brought, true);
      }
    }
  };
  for (const { node_id, shape } of inputs) {
    if (shape === ANY) return [anyObject];
    const brought = new Map<string, Shape>();
    bring(shape, node_id, brought, false);
    for (const [name, member] of brought) members.set(name, members.has(name) ? ANY : member);
  }
  return known ? closed(members) : [anyObject];
}

const tally = listOf(
  closed(
    [
      ["choice", ANY],
      ["votes", count],
      ["nodes", listOf(text)],
    ],
    ["choice", "votes", "nodes"],
  ),
);

/** What a vote comes to. */
export const voted = closed(
  [
    ["choice", ANY],
    ["votes", count],
    ["ballots", count],
    ["tally", tally],
  ],
  ["choice", "votes", "ballots", "tally"],
);

/** A mean of numbers, or an object of means. */
export const averaged: Shape = [
  anyNumber,
  { type: "object", members: new Map(), rest: number, required: new Set<string>() },
];

/** What leaves by the error handle. */
export const failure = (node_id: string): Shape =>
  closed(
    [
      [
        "error",
        closed(
          [
            ["code", text],
            ["message", text],
          ],
          ["code", "message"],
        ),
      ],
      ["node_id", [{ type: "string", min: 0, max: Infinity, values: new Set([node_id]) }]],
    ],
    ["error", "node_id"],
  );

/** One of them, or an object of several by node id. */
export function several(inputs: readonly Joined[]): Shape {
  const [only] = inputs;
  if (only === undefined) return ANY;
  if (inputs.length === 1) return only.shape;
  const byNode = new Map<string, Shape>();
  for (const { node_id, shape } of inputs) byNode.set(node_id, union(byNode.get(node_id) ?? [], shape));
  return union(...inputs.map(({ shape }) => shape), closed(byNode));
}

export const nothing: Shape = [ofType("null")];
