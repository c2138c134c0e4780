import { beforeAll, describe, expect, it } from "vitest";
import { roomyCompany } from "../support/plans.ts";
import { bodyOf, pathFixtures, unknownLike, World } from "./fixtures.ts";
import { guarded, operations, parametersOf, plain, request, rows } from "./operations.ts";

let own: World;
let other: World;
beforeAll(async () => {
  const companies = await Promise.all([roomyCompany(), roomyCompany()]);
  [own, other] = companies.map((company) => new World(company)) as [World, World];
});

const withIds = guarded.filter((operation) => parametersOf(operation).length > 0);
const belongs = (parameter: string): boolean => {
  const fixture = pathFixtures[parameter];
  return fixture !== undefined && "make" in fixture;
};

describe("every path parameter", () => {
  const named = [...new Set(operations.filter((o) => o.permission !== "public").flatMap(parametersOf))].sort();
  it.each(named)("{%s} has a fixture that says whose it is", (parameter) => {
    expect(pathFixtures, `add {${parameter}} to test/security/fixtures.ts`).toHaveProperty(parameter);
  });

  it.each(named.filter(belongs))("{%s} can be made, once for each company", async (parameter) => {
    const [mine, theirs] = await Promise.all([own.id(parameter), other.id(parameter)]);
    expect(mine).toMatch(/^[a-z]+_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(theirs).not.toBe(mine);
  });
});

describe("another organization's id is answered like one that never was", () => {
  it.each(rows(withIds.filter((operation) => parametersOf(operation).some(belongs))))("%s", async (_, operation) => {
    const names = parametersOf(operation);
    const ids = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await own.id(name)])));
    const { token } = own.company;
    const body = bodyOf(operation);
    for (const name of names.filter(belongs)) {
      const theirs = await other.id(name);
      const sends = body === undefined ? { token } : { token, body };
      const foreign = await request(operation, { ...ids, [name]: theirs }, sends);
      const unknown = await request(operation, { ...ids, [name]: unknownLike(theirs) }, sends);
      expect(foreign.status, `${name} of another organization: ${foreign.text}`).toBe(404);
      expect(plain(foreign)).toEqual(plain(unknown));
      expect(foreign.body.code).toBe("not_found");
    }
  });
});
