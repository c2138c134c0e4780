import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  after,
  type Health,
  healths,
  NEEDED,
  OF_LAST,
  type Result,
  results,
  type Standing,
  UNSEEN,
} from "../../../functions/gateways/rules/health.ts";

const result = fc.constantFrom(...results);
const history = fc.array(result, { maxLength: 40 });

/** A gateway after all of these checks. */
const seen = (all: readonly Result[], from: Standing = UNSEEN): Standing => all.reduce(after, from);

/** What it is after each of these checks. */
function course(all: readonly Result[]): Health[] {
  let standing: Standing = UNSEEN;
  return all.map((one) => {
    standing = after(standing, one);
    return standing.health;
  });
}

const [h, d, u] = results;

describe("what a gateway is taken for", () => {
  it.each<[string, Result[], Health[]]>([
    ["is not known before three results agree", [h, h], ["unknown", "unknown"]],
    ["is what the first three say", [u, u, u], ["unknown", "unknown", u]],
    ["is what three of the first five say", [h, u, h, d, h], ["unknown", "unknown", "unknown", "unknown", h]],
    ["stays for one that is odd", [h, h, h, u, h, h], ["unknown", "unknown", h, h, h, h]],
    ["stays for two that are odd", [h, h, h, u, h, u, h], ["unknown", "unknown", h, h, h, h, h]],
    ["changes with the third of five", [h, h, h, u, h, u, u], ["unknown", "unknown", h, h, h, h, u]],
    ["is well again as slowly as it fell ill", [u, u, u, h, h, h], ["unknown", "unknown", u, u, u, h]],
  ])("%s", (_, all, expected) => expect(course(all)).toEqual(expected));

  it("is not changed by a single odd result, whatever came before", () =>
    fc.assert(
      fc.property(history, result, result, (before, steady, odd) => {
        fc.pre(steady !== odd);
        const settled = seen([...before, steady, steady, steady]);
        expect(settled.health).toBe(steady);
        expect(course([...before, steady, steady, steady, odd, steady, steady]).slice(-3)).toEqual(
          Array(3).fill(steady),
        );
      }),
    ));

  it("is what three in a row say, whatever came before", () =>
    fc.assert(
      fc.property(history, result, (before, one) => {
        expect(seen([...before, one, one, one]).health).toBe(one);
      }),
    ));

  it("changes only to what the last result says, and not again before three more results", () =>
    fc.assert(
      fc.property(history, (all) => {
        const states: Health[] = ["unknown", ...course(all)];
        const changes = all.flatMap((one, i) => (states[i] === states[i + 1] ? [] : [{ i, one, to: states[i + 1] }]));
        for (const { one, to } of changes) expect(to).toBe(one);
        const places = changes.map(({ i }) => i);
        expect(places.every((place, i) => place - (places[i - 1] ?? -1) >= NEEDED)).toBe(true);
      }),
    ));

  it("keeps five results at most, and none of before a change", () =>
    fc.assert(
      fc.property(history, result, (all, next) => {
        const before = seen(all);
        const now = after(before, next);
        expect(healths).toContain(now.health);
        expect(now.recent).toEqual(now.health === before.health ? [...before.recent, next].slice(-OF_LAST) : []);
      }),
    ));
});
