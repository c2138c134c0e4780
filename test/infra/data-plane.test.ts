import { describe, expect, it } from "vitest";
import { rooms } from "../../functions/rooms.ts";
import { DATA_PLANE_SOURCE } from "../../shared/room.ts";
import { roleStatements, type Statement, type Synthesized, synthesize } from "./support.ts";

const production = synthesize("production");

/** Roles of the functions of a plane. */
const rolesOf = (stack: Synthesized, is: (area: string) => boolean): ReadonlySet<string> =>
  new Set(
    rooms
      .filter(({ area }) => is(area))
      .flatMap((room) =>
        Object.keys(room.functions).map((name) => stack.target(stack.functionOf(room.name, name).properties.Role).id),
      ),
  );
const statementsOf = (roles: ReadonlySet<string>): readonly Statement[] =>
  roleStatements(production)
    .filter(({ role }) => roles.has(role))
    .map(({ statement }) => statement);
const dataPlane = statementsOf(rolesOf(production, (area) => area === "plane"));
const management = statementsOf(rolesOf(production, (area) => area !== "plane"));
const arnOf = (id: string) => `{${id}.`;
const touching = (statements: readonly Statement[], start: string) =>
  statements.filter(({ resources }) => resources.some((resource) => resource.startsWith(start)));
/** What stands in a stack, by the beginning of ARNs of it. */
const standing = (stack: string) =>
  production.resources.filter((resource) => resource.stack === stack).map(({ id }) => arnOf(id));

describe("the data plane and the management plane", () => {
  it("the management plane has no right at the data plane's table, files and queues: it may invoke the one way in, and seal", () => {
    const rights = standing("plane").flatMap((start) =>
      touching(management, start).flatMap(({ actions, resources }) =>
        actions.map((action) => `${action} on ${resources.join()}`),
      ),
    );
    const deploy = production.functionOf("serving", "deploy").id;
    const { key } = production.kept("plane");
    expect([...new Set(rights)].sort()).toEqual([
      `kms:GenerateDataKey on {${key.id}.Arn}`,
      `lambda:InvokeFunction on {${deploy}.Arn}`,
    ]);
  });

  it("what is sealed for it is of two kinds, and is opened by what answers calls alone", () => {
    const { key } = production.kept("plane");
    const own = (action: string) =>
      roleStatements(production).filter(
        ({ statement }) => statement.actions.includes(action) && statement.resources.includes(`{${key.id}.Arn}`),
      );
    for (const { statement } of own("kms:GenerateDataKey"))
      expect(statement.conditions).toEqual({
        StringEquals: { "kms:EncryptionContext:purpose": ["model_keys", "tool_headers"] },
      });
    const door = production.target(production.functionOf("serving", "door").properties.Role).id;
    expect(own("kms:Decrypt").map(({ role }) => role)).toEqual([door]);
  });

  it("the data plane has no right at what the management plane keeps: it reads a public key, and tells on the bus by its own name", () => {
    const there = ["data", "messaging", "pool", "gateway"].flatMap(standing);
    const rights = there.flatMap((start) =>
      touching(dataPlane, start).flatMap(({ actions, conditions }) =>
        actions.map((action) => ({ action, conditions })),
      ),
    );
    const told = {
      "ForAllValues:StringEquals": { "events:source": [DATA_PLANE_SOURCE] },
      Null: { "events:source": "false" },
    };
    expect(rights.filter(({ action }) => action !== "kms:GetPublicKey")).toEqual([
      { action: "events:PutEvents", conditions: told },
    ]);
  });

  it("knows nobody: it has neither the pool nor a role to take, and the front does not stand before it", () => {
    for (const name of ["deploy", "door", "tell"]) {
      const { Variables } = production.functionOf("serving", name).properties.Environment;
      expect(
        Object.keys(Variables).filter((setting) => /POOL|TENANT_ROLE|FRONT|QUEUE/.test(setting)),
        name,
      ).toEqual([]);
    }
  });

  it("its stack stands on what holds data and tells alarms, and on no room", () => {
    expect([...(production.imports.get("plane") ?? [])].sort()).toEqual(["data", "messaging"]);
  });
});
