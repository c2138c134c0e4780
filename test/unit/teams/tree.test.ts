import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameKey, teamLimits } from "../../../functions/teams/model.ts";
import {
  childrenOf,
  heightOf,
  ledBy,
  type Parents,
  placed,
  removed,
  teamsAbove,
  teamsBelow,
  teamsWith,
} from "../../../functions/teams/nesting/rules/tree.ts";
import { Problem } from "../../../shared/errors.ts";

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
};

/** company > unit > group > squad, and other beside unit. */
const parents: Parents = { unit: "company", other: "company", group: "unit", squad: "group" };

/** What one change makes of a tree; a refused one leaves it. */
function after(tree: Parents, { id, to }: { id: string; to: string | null | undefined }): Parents {
  try {
    return to === undefined ? removed(tree, id) : placed(tree, id, to);
  } catch (error) {
    if (error instanceof Problem) return tree;
    throw error;
  }
}

const ids = Array.from({ length: 12 }, (_, i) => `t${i}`);
const changes = fc.array(
  fc.record({
    id: fc.constantFrom(...ids),
    to: fc.oneof({ weight: 10, arbitrary: fc.constantFrom<string | null>(...ids, null) }, fc.constant(undefined)),
  }),
  { maxLength: 120 },
);

/** Walked by hand, not by the rules under test. */
function levelOf(tree: Parents, id: string): number {
  const seen = new Set<string>();
  for (let at: string | undefined = id; at !== undefined; at = tree[at]) {
    if (seen.has(at)) return Number.POSITIVE_INFINITY;
    seen.add(at);
  }
  return seen.size;
}

describe("a tree of teams", () => {
  it("knows what is above a team, below it, and how high it is", () => {
    expect(teamsAbove(parents, "squad")).toEqual(["group", "unit", "company"]);
    expect(teamsBelow(parents, "company")).toEqual(["group", "other", "squad", "unit"]);
    expect(childrenOf(parents, "company")).toEqual(["other", "unit"]);
    expect([heightOf(parents, "company"), heightOf(parents, "unit"), heightOf(parents, "squad")]).toEqual([4, 3, 1]);
  });

  it("takes a team and what is below it to another place, or to the top", () => {
    const moved = placed(parents, "group", "other");
    expect(teamsAbove(moved, "squad")).toEqual(["group", "other", "company"]);
    expect(teamsAbove(placed(parents, "group", null), "squad")).toEqual(["group"]);
  });

  it("has no team below itself", () => {
    for (const to of ["company", "unit", "squad"])
      expect(
        codeOf(() => placed(parents, "company", to)),
        to,
      ).toBe("conflict");
  });

  it(`has ${teamLimits.levels} levels, counted down to the lowest team that comes along`, () => {
    const five = placed(parents, "crew", "squad");
    expect(teamsAbove(five, "crew")).toHaveLength(4);
    expect(codeOf(() => placed(five, "more", "crew"))).toBe("conflict");
    expect(codeOf(() => placed(five, "company", "roof"))).toBe("conflict");
    expect(codeOf(() => placed(parents, "company", "roof"))).toBeUndefined();
  });

  it("has room for so many teams under one, and in all", () => {
    const full = Object.fromEntries(Array.from({ length: teamLimits.children }, (_, i) => [`c${i}`, "a"]));
    expect(codeOf(() => placed(full, "more", "a"))).toBe("conflict");
    expect(codeOf(() => placed(full, "c1", "a"))).toBeUndefined();
    const many = Object.fromEntries(Array.from({ length: teamLimits.nested }, (_, i) => [`c${i}`, `p${i}`]));
    expect(codeOf(() => placed(many, "more", "p1"))).toBe("conflict");
    expect(codeOf(() => placed(many, "c1", "p2"))).toBeUndefined();
  });

  it("loses a team without losing those below it", () => {
    expect(removed(parents, "unit")).toEqual({ other: "company", group: "company", squad: "group" });
    expect(removed(parents, "company")).toEqual({ group: "unit", squad: "group" });
  });

  it("never has a circle nor a sixth level, whatever is moved and removed in whatever order", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const tree = list.reduce(after, {});
        for (const id of ids) expect(levelOf(tree, id)).toBeLessThanOrEqual(teamLimits.levels);
      }),
    );
  });

  it("keeps everything else where it was when one team moves", () => {
    fc.assert(
      fc.property(changes, fc.constantFrom(...ids), fc.constantFrom(...ids), (list, id, to) => {
        const tree = list.reduce(after, {});
        const next = after(tree, { id, to });
        expect({ ...next, [id]: null }).toEqual({ ...tree, [id]: null });
      }),
    );
  });
});

describe("the teams of somebody", () => {
  it("are those they are in and all above them, each once, with where it comes from", () => {
    const places = [
      { team_id: "squad", role: "lead" },
      { team_id: "unit", role: "member" },
    ] as const;
    expect(teamsWith(parents, places)).toEqual([
      { team_id: "squad", role: "lead", inherited_from: null },
      { team_id: "unit", role: "member", inherited_from: null },
      { team_id: "group", role: "member", inherited_from: "squad" },
      { team_id: "company", role: "member", inherited_from: "squad" },
    ]);
  });

  it("do not reach downwards", () => {
    const teams = teamsWith(parents, [{ team_id: "company", role: "lead" }]);
    expect(teams.map(({ team_id }) => team_id)).toEqual(["company"]);
  });

  it("are led from above, never from below or beside", () => {
    const lead = (team_id: string) => [{ team_id, role: "lead" }] as const;
    expect(ledBy(parents, lead("company"), "squad")).toBe("company");
    expect(ledBy(parents, lead("squad"), "squad")).toBe("squad");
    expect(ledBy(parents, lead("squad"), "group")).toBeUndefined();
    expect(ledBy(parents, lead("other"), "unit")).toBeUndefined();
    expect(ledBy(parents, [{ team_id: "unit", role: "member" }], "unit")).toBeUndefined();
  });
});

describe("names of teams", () => {
  it("are one name in capitals or not, composed or not", () => {
    for (const [one, other] of [
      ["Design", "dESIGN"],
      ["Caf\u00e9", "CAFE\u0301"],
      ["Stra\u00dfe", "STRASSE"],
      ["\u039f\u03b4\u03cc\u03c2", "\u03bf\u03b4\u03cc\u03c3"],
    ] as const)
      expect(nameKey(one)).toBe(nameKey(other));
    expect(nameKey("Design 1")).not.toBe(nameKey("Design 2"));
  });

  it("have keys that the table takes, whatever 120 characters they are made of", () => {
    const longest = fc.string({ unit: "binary", maxLength: 120 }).filter((name) => name.length <= 120);
    fc.assert(fc.property(longest, (name) => Buffer.byteLength(nameKey(name).replaceAll(/[#%]/g, "%25")) <= 1_024));
    for (const sign of ["\ufb2c", "\u0390", "\u1fb7", "\u{1d160}", "#", "\ufb03"])
      expect(Buffer.byteLength(nameKey(sign.repeat(120 / sign.length)).replaceAll(/[#%]/g, "%25"))).toBeLessThan(1_025);
  });
});
