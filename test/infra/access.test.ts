import { Stack } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { describe, expect, it } from "vitest";
import { rooms } from "../../functions/rooms.ts";
import { bundleName } from "../../infra/bundle.ts";
import { auditClasses } from "../../shared/limits/retention.ts";
import { answersRequests, type FunctionData, type Need, needsOf, writesOf } from "../../shared/room.ts";
import { roleStatements, type Statement, type Synthesized, synthesize } from "./support.ts";

const stages = ["local", "production"] as const;
const production = synthesize("production");
const functions = rooms.flatMap((room) =>
  Object.entries(room.functions).map(([name, data]) => [`${room.name}/${name}`, room.name, name, data] as const),
);

/** The functions that do what is due, with their queue. */
const dueFunctions = functions.flatMap(([_, room, name, { trigger }]) =>
  trigger.kind === "due" ? [{ room, name, kinds: trigger.kinds, queue: trigger.queue }] : [],
);

const idOf = (stack: Synthesized, start: string): string => {
  const found = stack.resources.filter(({ id }) => new RegExp(`^${start}[0-9A-F]{8}$`).test(id));
  if (found.length !== 1) throw new Error(`${found.length} resources are called ${start}`);
  return found[0]?.id ?? "";
};
const letters = (text: string): string => text.replaceAll(/\W|_/g, "");

/** What each need allows, said a second time and by itself: `action on resource`. */
function allowedBy(stack: Synthesized, area: string, need: Need): string[] {
  const kept = stack.kept(area);
  const table = `{${kept.table.id}.Arn}`;
  const reads = [table, ...kept.indexes.map((index) => `${table}/index/${index}`)].flatMap((resource) =>
    ["GetItem", "BatchGetItem", "Query"].map((action) => `dynamodb:${action} on ${resource}`),
  );
  const bucket = `{${kept.files.id}.Arn}`;
  const machine = "arn:aws:states:us-east-1:000000000000";
  const keyOf = (whose: string) => `{${stack.of("AWS::KMS::Key").find(({ id }) => id.startsWith(whose))?.id}.Arn}`;
  const key = `{${kept.key.id}.Arn}`;
  if (need.startsWith("seal:")) return [`kms:GenerateDataKey on ${key}`];
  if (need.startsWith("open:")) return [`kms:Decrypt on ${key}`];
  switch (need) {
    case "table_read":
      return reads;
    case "identities":
      return ["AdminCreateUser", "AdminSetUserPassword", "AdminDeleteUser", "AdminInitiateAuth"].map(
        (action) => `cognito-idp:${action} on {${stack.only("AWS::Cognito::UserPool").id}.Arn}`,
      );
    case "files_read:versions":
    case "files_read:runs":
    case "files_read:threads":
    case "files_read:uploads":
    case "files_write:versions":
    case "files_write:threads":
    case "files_write:uploads":
    case "files_write:runs": {
      const [verb, purpose] = need.split(":");
      const actions = verb === "files_read" ? ["GetObject"] : ["GetObject", "PutObject"];
      return actions.map((action) => `s3:${action} on ${bucket}/${purpose}/*`);
    }
    case "copies_read":
      return [`s3:GetObjectVersion on {${stack.copies.id}.Arn}/*`];
    case "copies_write":
      return ["PutObject", "PutObjectRetention", "PutObjectLegalHold"].map(
        (action) => `s3:${action} on {${stack.copies.id}.Arn}/*`,
      );
    case "files_remove:runs":
    case "files_remove:uploads":
    case "files_remove:versions":
    case "files_remove:threads":
      return [`s3:DeleteObject on ${bucket}/${need.split(":")[1]}/*`, `s3:ListBucket on ${bucket}`];
    case "mail":
      return ["identity/example.com", "configuration-set/kaizen-studio-production-mail"].map(
        (what) => `ses:SendEmail on arn:aws:ses:us-east-1:000000000000:${what}`,
      );
    case "models":
      return [
        ...["InvokeModel", "InvokeModelWithResponseStream"].flatMap((action) => [
          `bedrock:${action} on arn:aws:bedrock:*::foundation-model/*`,
          `bedrock:${action} on arn:aws:bedrock:us-east-1:000000000000:inference-profile/*`,
        ]),
        "bedrock:ApplyGuardrail on arn:aws:bedrock:us-east-1:000000000000:guardrail/*",
      ];
    case "table_erase":
      return [`dynamodb:Scan on ${table}`];
    case "identity_providers":
      return [
        "CreateIdentityProvider",
        "UpdateIdentityProvider",
        "DeleteIdentityProvider",
        "CreateUserPoolClient",
        "DeleteUserPoolClient",
        "ListUserPoolClients",
      ].map((action) => `cognito-idp:${action} on {${stack.only("AWS::Cognito::UserPool").id}.Arn}`);
    case "hosted_sign_in":
    case "everybodys_providers":
      return [];
    case "sign":
      return ["Sign", "GetPublicKey"].map((action) => `kms:${action} on ${keyOf("ProofKey")}`);
    case "sign_heads":
      return ["Sign", "GetPublicKey"].map((action) => `kms:${action} on ${keyOf("HeadsKey")}`);
    case "heads_key":
      return [`kms:GetPublicKey on ${keyOf("HeadsKey")}`];
    case "sign_deployments":
      return [`kms:Sign on ${keyOf("DeploymentsKey")}`];
    case "deployments_key":
      return [`kms:GetPublicKey on ${keyOf("DeploymentsKey")}`];
    case "data_plane":
      return [
        `lambda:InvokeFunction on {${stack.functionOf("serving", "deploy").id}.Arn}`,
        `kms:GenerateDataKey on ${keyOf("ServedSecretsKey")}`,
      ];
    case "data_plane_events":
      return [`events:PutEvents on {${stack.only("AWS::Events::EventBus").id}.Arn}`];
    case "dns":
    case "outbound":
      return [];
    case "runs_start":
      return [`states:StartExecution on ${machine}:stateMachine:kaizen-studio-production-pipeline-run`];
    case "runs_control":
      return ["StopExecution", "DescribeExecution"].map(
        (action) => `states:${action} on ${machine}:execution:kaizen-studio-production-pipeline-run:*`,
      );
    case "due":
      return sorted(
        dueFunctions.map(({ queue }) => `sqs:SendMessage on {${idOf(stack, `Queue${letters(queue)}Queue`)}.Arn}`),
      );
    case "bus":
      return [`events:PutEvents on {${stack.only("AWS::Events::EventBus").id}.Arn}`];
    case "customers_buses":
      return ["*:*:event-bus/*", "*:000000000000:event-bus/audit-streams-*"].map(
        (which) => `events:PutEvents on arn:aws:events:${which}`,
      );
    default:
      return [`sqs:SendMessage on {${idOf(stack, `Queue${letters(need.slice("send:".length))}Queue`)}.Arn}`];
  }
}

/** What functions that write may do with the table; under which keys is said below. */
function allowedToWrite(stack: Synthesized, area: string, data: FunctionData): string[] {
  const types = writesOf(data);
  const once = types.every((type) => ["audit_entry", "event"].includes(type));
  const actions = ["PutItem", "ConditionCheckItem", ...(once ? [] : ["UpdateItem", "DeleteItem"])];
  return types.length === 0 ? [] : actions.map((action) => `dynamodb:${action} on {${stack.kept(area).table.id}.Arn}`);
}

/** What calls a function needs of its role. */
function allowedForTrigger(stack: Synthesized, room: string, name: string, { trigger }: FunctionData): string[] {
  const take = (queue: string) =>
    ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"].map(
      (action) => `sqs:${action} on {${queue}.Arn}`,
    );
  switch (trigger.kind) {
    case "events":
    case "served":
    case "run_status":
    case "mail_status":
      return take(idOf(stack, `RoomsInbox${letters(room)}${letters(name)}Queue`));
    case "due":
    case "queue":
      return take(idOf(stack, `Queue${letters(trigger.queue)}Queue`));
    case "inserts": {
      const stream = `{${stack.kept(areaOf(room)).table.id}.StreamArn}`;
      return [
        ...["DescribeStream", "GetRecords", "GetShardIterator"].map((action) => `dynamodb:${action} on ${stream}`),
        "dynamodb:ListStreams on *",
        `sqs:SendMessage on {${idOf(stack, `RoomsInserts${letters(room)}${letters(name)}Queue`)}.Arn}`,
      ];
    }
    default:
      return [];
  }
}

/** A role by where it stands, which is all that it can say of itself. */
const itself = (stage: string, room: string, name: string): string =>
  `arn:aws:iam::000000000000:role/us-east-1/kaizen-studio-${stage}-${areaOf(room)}/${bundleName(room, name)}/*`;
const areaOf = (room: string): string => rooms.find(({ name }) => name === room)?.area ?? "";

/** For each organization that the function serves it takes its own role anew. */
const takingItself = (stage: string, room: string, name: string): string[] =>
  ["sts:AssumeRole", "sts:TagSession"].map((action) => `${action} on ${itself(stage, room, name)}`);

const pairs = (statement: Statement): string[] =>
  statement.actions.flatMap((action) => statement.resources.map((resource) => `${action} on ${resource}`));
const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();

describe("what functions may do", () => {
  it.each(functions)("%s may do what its room says it needs, and nothing else", (_, room, name, data) => {
    const fn = production.functionOf(room, name);
    const role = production.target(fn.properties.Role);
    const logs = production.target(fn.properties.LoggingConfig.LogGroup);
    const own = roleStatements(production).filter((each) => each.role === role.id);
    expect(sorted(own.flatMap(({ statement }) => pairs(statement)))).toEqual(
      sorted([
        ...["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} on {${logs.id}.Arn}`),
        ...needsOf(data).flatMap((need) => allowedBy(production, areaOf(room), need)),
        ...allowedToWrite(production, areaOf(room), data),
        ...allowedForTrigger(production, room, name, data),
        ...(answersRequests(data) ? takingItself("production", room, name) : []),
      ]),
    );
    expect(role.properties.ManagedPolicyArns).toBeUndefined();
    // The role itself may take it too where requests are answered: see tenant-wall.test.ts.
    const [lambda, ...others] = role.properties.AssumeRolePolicyDocument.Statement;
    expect(lambda).toEqual({
      Action: "sts:AssumeRole",
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
    });
    expect(others).toHaveLength(answersRequests(data) ? 1 : 0);
  });

  it("the one sweeper runs every minute, knows for every kind of due things the queue of who does it, and no other", () => {
    const sweeper = production.functionOf("due", "sweep");
    const { base, queues }: { base: string; queues: [string, string[]][] } = JSON.parse(
      production.text(sweeper.properties.Environment.Variables.DUE_QUEUES),
    );
    expect(base).toBe("https://sqs.us-east-1.{AWS::URLSuffix}/000000000000/");
    const addresses = Object.fromEntries(queues.flatMap(([name, kinds]) => kinds.map((kind) => [kind, name])));
    const expected = dueFunctions.flatMap(({ kinds, queue }) =>
      kinds.map((kind) => [kind, `{${idOf(production, `Queue${letters(queue)}Queue`)}.name}`]),
    );
    expect(expected.length).toBeGreaterThanOrEqual(3);
    expect(addresses).toEqual(Object.fromEntries(expected));
    const timed = production.of("AWS::Events::Rule").filter(({ properties }) => "ScheduleExpression" in properties);
    expect(timed.map(({ properties }) => properties.ScheduleExpression)).toEqual(["rate(1 minute)"]);
    expect(production.target(timed[0]?.properties.Targets[0].Arn).id).toBe(sweeper.id);
    expect(production.of("AWS::Scheduler::Schedule")).toEqual([]);
  });

  it("every function has a role of its own", () => {
    const roles = production.of("AWS::Lambda::Function").map(({ properties }) => production.target(properties.Role).id);
    expect(roles).toHaveLength(functions.length);
    expect(new Set(roles).size).toBe(roles.length);
  });

  it("nobody may pass a role", () => {
    const actions = roleStatements(production).flatMap(({ statement }) => statement.actions);
    expect(actions.filter((action) => action.startsWith("iam:"))).toEqual([]);
  });
});

describe.each(stages)("wildcards and rules in stage %s", (stage) => {
  const stack = stage === "production" ? production : synthesize(stage);

  it("no role has an action with a wildcard", () => {
    const actions = roleStatements(stack).flatMap(({ statement }) => statement.actions);
    expect(actions.filter((action) => action.includes("*"))).toEqual([]);
  });

  it("resources have a wildcard only where AWS has no narrower way", () => {
    const bucket = stack.files.id;
    const allowed = [
      ...["uploads", "runs", "threads", "versions"].map((purpose) => `{${bucket}.Arn}/${purpose}/*`),
      `{${stack.kept("plane").files.id}.Arn}/versions/*`,
      `{${stack.copies.id}.Arn}/*`,
      "arn:aws:bedrock:*::foundation-model/*",
      "arn:aws:bedrock:us-east-1:000000000000:inference-profile/*",
      "arn:aws:bedrock:us-east-1:000000000000:guardrail/*",
      "arn:aws:events:*:*:event-bus/*",
      "arn:aws:events:*:000000000000:event-bus/audit-streams-*",
      `arn:aws:states:us-east-1:000000000000:execution:kaizen-studio-${stage}-pipeline-run:*`,
      ...functions.map(([_, room, name]) => itself(stage, room, name)),
    ];
    // Listing streams and setting up log delivery take no resource; the local AWS checks mail on "*" only.
    const anything = ["dynamodb:ListStreams", "logs:", ...(stage === "local" ? ["ses:SendEmail"] : [])];
    for (const { role, statement } of roleStatements(stack)) {
      for (const resource of statement.resources.filter((each) => each.includes("*"))) {
        if (resource === "*") {
          const known = statement.actions.every((action) => anything.some((start) => action.startsWith(start)));
          expect(known, `${role}: ${statement.actions.join(", ")}`).toBe(true);
        } else expect(allowed, role).toContain(resource);
      }
    }
  });
});

describe("locked copies of the audit log", () => {
  const { id, properties } = production.copies;
  const of = roleStatements(production).filter(({ statement }) =>
    statement.resources.some((resource) => resource.startsWith(`{${id}.Arn}`)),
  );

  it("are locked one by one in a bucket that keeps versions and outlives the stack", () => {
    expect(properties).toMatchObject({ ObjectLockEnabled: true, VersioningConfiguration: { Status: "Enabled" } });
    expect(production.copies.deletion).toBe("Retain");
    // A lock of the bucket's own would be the same for every class.
    expect(properties.ObjectLockConfiguration).toBeUndefined();
  });

  it("are ended by the bucket after the days of their class, never before", () => {
    const rules = (properties.LifecycleConfiguration as { Rules: Record<string, unknown>[] }).Rules;
    const ends = rules.flatMap(({ Prefix, ExpirationInDays }) =>
      Prefix === undefined ? [] : [[Prefix, ExpirationInDays]],
    );
    expect(ends).toEqual(auditClasses.map((days) => [`${days}/`, days + 1]));
  });

  it("can be unlocked, removed and listed by nobody, and read by none of those who write them", () => {
    const actions = new Set(of.flatMap(({ statement }) => statement.actions));
    expect([...actions].sort()).toEqual([
      "s3:GetObjectVersion",
      "s3:PutObject",
      "s3:PutObjectLegalHold",
      "s3:PutObjectRetention",
    ]);
    const roles = (action: string) =>
      of.filter(({ statement }) => statement.actions.includes(action)).map(({ role }) => role);
    const roleOf = (name: string) => production.target(production.functionOf("audit", name).properties.Role).id;
    expect([roles("s3:GetObjectVersion"), roles("s3:PutObject")]).toEqual([[roleOf("stream")], [roleOf("copies")]]);
  });
});

describe("buses of customers", () => {
  const putting = roleStatements(production).filter(
    ({ statement }) => statement.actions.includes("events:PutEvents") && statement.resources.join().includes("*"),
  );

  it("are written to by what sends audit entries, as such only, and never to one of ours that is not named for it", () => {
    const account = "000000000000";
    expect(new Set(putting.map(({ role }) => role))).toEqual(
      new Set(
        ["streams", "stream_deliver"].map(
          (name) => production.target(production.functionOf("audit", name).properties.Role).id,
        ),
      ),
    );
    const asAudit = {
      "ForAllValues:StringLike": { "events:source": ["kaizen-studio.audit/*"] },
      Null: { "events:source": "false" },
    };
    for (const { statement } of putting) {
      const own = statement.resources.join() === `arn:aws:events:*:${account}:event-bus/audit-streams-*`;
      const notOurs = { StringNotEquals: { "aws:ResourceAccount": account } };
      expect(statement.conditions).toEqual(own ? asAudit : { ...asAudit, ...notOurs });
    }
  });
});

describe("files", () => {
  it("are listed by those who remove a thing's, and only among files for the same purpose", () => {
    const listing = roleStatements(production).filter(({ statement }) => statement.actions.includes("s3:ListBucket"));
    expect(listing.length).toBeGreaterThan(0);
    for (const { role, statement } of listing) {
      const removes = roleStatements(production)
        .filter((each) => each.role === role && each.statement.actions.includes("s3:DeleteObject"))
        .flatMap((each) => each.statement.resources.map((resource) => resource.split("/").slice(1).join("/")));
      const { StringLike } = statement.conditions as { StringLike?: Record<string, string> };
      const prefixes = [StringLike?.["s3:prefix"] ?? ""];
      expect(removes, role).toEqual(expect.arrayContaining(prefixes));
      expect(prefixes.every((prefix) => /^(uploads|runs|threads|versions)\/\*$/.test(prefix))).toBe(true);
    }
  });
});

describe("the security rules", () => {
  it.each(["local", "development", "staging", "production"] as const)(
    "find nothing in stage %s that is not accepted with a reason",
    (stage) => {
      expect(() => synthesize(stage)).not.toThrow();
    },
  );

  it("look at what is deployed: an open bucket is found", () => {
    const careless = () =>
      synthesize("production", {
        change: (app) => {
          new Bucket(new Stack(app, "Careless"), "Open");
        },
      });
    expect(careless).toThrow(/AwsSolutions-S10/);
  });
});
