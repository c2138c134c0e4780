import { expect, it } from "vitest";
import { inTurn, isFull, type Lane, nextTurn } from "../../../functions/runs/queue/rules/turns.ts";

const lane = (target_id: string, waiting: number, turn: number): Lane => ({ target_id, waiting, turn, running: 0 });

it("whose turn is longest ago comes first; nobody has one with nothing that waits", () => {
  const lanes = [lane("c", 1, 4), lane("b", 2, 1), lane("a", 0, 0), lane("d", 1, 1)];
  expect(inTurn(lanes).map(({ target_id }) => target_id)).toEqual(["b", "d", "c"]);
  expect(nextTurn(lanes)).toBe(5);
  expect(nextTurn([])).toBe(1);
});

it("lanes take turns however many runs each of them has, and a new one is not kept waiting", () => {
  let lanes = [lane("a", 5, 0), lane("b", 2, 0)];
  const order: string[] = [];
  for (let i = 0; i < 9; i++) {
    if (i === 2) lanes.push(lane("c", 1, 0));
    const [first] = inTurn(lanes);
    if (first === undefined) break;
    order.push(first.target_id);
    const turn = nextTurn(lanes);
    lanes = lanes.map((one) => (one === first ? { ...one, waiting: one.waiting - 1, turn } : one));
  }
  expect(order.join("")).toBe("abcabaaa");
});

it("a pipeline without a limit of its own is never full", () => {
  expect([isFull({ running: 9 }, null), isFull({ running: 1 }, 2), isFull({ running: 2 }, 2)]).toEqual([
    false,
    false,
    true,
  ]);
});
