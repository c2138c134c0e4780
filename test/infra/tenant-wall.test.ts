import { describe, expect, it } from "vitest";
import { rooms } from "../../functions/rooms.ts";
import { bundleName } from "../../infra/bundle.ts";
import { answersRequests } from "../../shared/room.ts";
import { type Resource, roleDenials, roleStatements, type Synthesized, synthesize } from "./support.ts";

const functions = rooms.flatMap((room) =>
  Object.entries(room.functions).map(([name, data]) => [`${room.name}/${name}`, room, name, data] as const),
);
const answering = functions.filter(([, , , data]) => answersRequests(data));
const others = functions.filter(([, , , data]) => !answersRequests(data));

/** Said a second time and by itself: what is done with single items, and what with their keys. */
const ITEMS = ["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"].map(
  (action) => `dynamodb:${action}`,
);
const TAGGED = { "aws:PrincipalTag/kaizen-tenant": "false" };

const roleOf = (stack: Synthesized, room: string, name: string): Resource =>
  stack.target(stack.functionOf(room, name).properties.Role);
const denialsOf = (stack: Synthesized, role: Resource) =>
  roleDenials(stack).flatMap(({ role: of, statement }) => (of === role.id ? [statement] : []));
const tableAndIndexes = (stack: Synthesized): string[] => {
  const table = `{${stack.table.id}.Arn}`;
  return [table, ...["gsi1", "gsi2", "gsi3", "gsi4"].map((index) => `${table}/index/${index}`)];
};

describe.each(["local", "development", "staging", "production"] as const)("the wall of stage %s", (stage) => {
  const stack = synthesize(stage);

  it.each(answering)(
    "%s denies whoever took it for an organization all that is not of it",
    (_, { name: room }, name) => {
      const [foreign, keyless, rest, ...more] = denialsOf(stack, roleOf(stack, room, name));
      expect(more).toEqual([]);
      expect([...(foreign?.actions ?? [])].sort()).toEqual(ITEMS);
      expect(foreign?.resources).toEqual(tableAndIndexes(stack));
      expect(foreign?.conditions).toEqual({
        Null: TAGGED,
        // Any one foreign key denies the whole request.
        "ForAnyValue:StringNotLike": {
          "dynamodb:LeadingKeys": [`T#\${aws:PrincipalTag/kaizen-tenant}#*`, "T#platform#*"],
        },
      });
      expect([...(keyless?.actions ?? [])].sort()).toEqual(ITEMS);
      expect(keyless?.resources).toEqual(tableAndIndexes(stack));
      expect(keyless?.conditions).toEqual({ Null: { ...TAGGED, "dynamodb:LeadingKeys": "true" } });
      expect([...(rest?.notActions ?? [])].sort()).toEqual(ITEMS);
      expect(rest?.actions).toEqual([]);
      expect(rest?.resources).toEqual(["*"]);
      expect(rest?.conditions).toEqual({ Null: TAGGED });
    },
  );

  it.each(answering)("%s may be taken by itself alone, with an organization as its only tag", (_, room, name) => {
    const role = roleOf(stack, room.name, name);
    const path = `/us-east-1/kaizen-studio-${stage}-${room.area}/${bundleName(room.name, name)}/`;
    const itself = `arn:aws:iam::000000000000:role${path}*`;
    expect(role.properties.Path).toBe(path);
    const [, trust] = role.properties.AssumeRolePolicyDocument.Statement;
    expect(stack.text(trust.Principal.AWS)).toBe("arn:aws:iam::000000000000:root");
    expect({ ...trust, Principal: undefined }).toEqual({
      Effect: "Allow",
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Principal: undefined,
      Condition: {
        ArnLike: { "aws:PrincipalArn": trust.Condition.ArnLike["aws:PrincipalArn"] },
        StringLike: { "aws:RequestTag/kaizen-tenant": "org_*" },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["kaizen-tenant"] },
      },
    });
    expect(stack.text(trust.Condition.ArnLike["aws:PrincipalArn"])).toBe(itself);
    const taking = roleStatements(stack).filter(
      ({ role: of, statement }) => of === role.id && statement.actions.some((action) => action.startsWith("sts:")),
    );
    expect(taking.map(({ statement }) => statement.resources)).toEqual([[itself]]);
    const { TENANT_ROLE_ARN } = stack.functionOf(room.name, name).properties.Environment.Variables;
    expect(stack.target(TENANT_ROLE_ARN).id).toBe(role.id);
  });

  it.each(others)("%s answers no request and has none", (_, { name: room }, name) => {
    const role = roleOf(stack, room, name);
    expect(denialsOf(stack, role)).toEqual([]);
    expect(role.properties.Path).toBeUndefined();
    const { Variables = {} } = stack.functionOf(room, name).properties.Environment ?? {};
    expect(Variables).not.toHaveProperty("TENANT_ROLE_ARN");
  });
});

describe("a deployment", () => {
  it("has one path for each role, so that none can take another", () => {
    const paths = synthesize("production")
      .of("AWS::IAM::Role")
      .flatMap(({ properties }) => (properties.Path === undefined ? [] : [properties.Path]));
    expect(paths).toHaveLength(answering.length);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("under the customer's key lets DynamoDB open the table's own key in the organization's name", () => {
    const stack = synthesize("production", { context: { customer_managed_key: "true" } });
    for (const [, { name: room }, name] of answering) {
      const [, , rest] = denialsOf(stack, roleOf(stack, room, name));
      expect([...(rest?.notActions ?? [])].sort()).toEqual([...ITEMS, "kms:Decrypt"]);
    }
  });

  it("can do without", () => {
    const stack = synthesize("production", { context: { tenant_credentials: "false" } });
    expect(roleDenials(stack)).toEqual([]);
    for (const { properties } of stack.of("AWS::Lambda::Function"))
      expect(properties.Environment?.Variables ?? {}).not.toHaveProperty("TENANT_ROLE_ARN");
  });
});
