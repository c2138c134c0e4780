import { describe, expect, it } from "vitest";
import { rooms } from "../../functions/rooms.ts";
import { roleStatements, type Statement, type Synthesized, statements, synthesize } from "./support.ts";

const without = synthesize("production");
const made = synthesize("production", { context: { customer_managed_key: "true" } });
const ARN = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000000";
const given = synthesize("production", { context: { customer_managed_key: ARN } });

const keyOf = (stack: Synthesized, start: string) => {
  const found = stack.of("AWS::KMS::Key").find(({ id }) => id.startsWith(start));
  if (found === undefined) throw new Error(`there is no key ${start}`);
  return `{${found.id}.Arn}`;
};
const dataKey = keyOf(made, "DataKey");

/** Where each type of resource that keeps something says by which key. */
// biome-ignore lint/suspicious/noExplicitAny: properties of a template
const KEPT: Readonly<Record<string, (properties: any) => unknown>> = {
  "AWS::DynamoDB::Table": ({ SSESpecification }) => SSESpecification?.KMSMasterKeyId,
  "AWS::S3::Bucket": ({ BucketEncryption }) =>
    BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID,
  "AWS::SQS::Queue": ({ KmsMasterKeyId }) => KmsMasterKeyId,
  "AWS::SNS::Topic": ({ KmsMasterKeyId }) => KmsMasterKeyId,
  "AWS::Events::EventBus": ({ KmsKeyIdentifier }) => KmsKeyIdentifier,
  "AWS::Logs::LogGroup": ({ KmsKeyId }) => KmsKeyId,
  "AWS::Lambda::Function": ({ KmsKeyArn }) => KmsKeyArn,
  "AWS::SecretsManager::Secret": ({ KmsKeyId }) => KmsKeyId,
  "AWS::StepFunctions::StateMachine": ({ EncryptionConfiguration }) => EncryptionConfiguration?.KmsKeyId,
};

/** Types of resources that keep nothing which a key could encrypt; of the pool ADR 29 says why. */
const NOTHING_KEPT = [
  "AWS::ApiGatewayV2::Api",
  "AWS::ApiGatewayV2::Integration",
  "AWS::ApiGatewayV2::Route",
  "AWS::ApiGatewayV2::Stage",
  "AWS::CDK::Metadata",
  "AWS::CloudFront::Distribution",
  "AWS::CloudFront::Function",
  "AWS::CloudFront::ResponseHeadersPolicy",
  "AWS::CloudWatch::Alarm",
  "AWS::CloudWatch::Dashboard",
  "AWS::Cognito::UserPool",
  "AWS::Cognito::UserPoolClient",
  "AWS::Cognito::UserPoolDomain",
  "AWS::Events::Rule",
  "AWS::IAM::Policy",
  "AWS::IAM::Role",
  "AWS::KMS::Key",
  "AWS::Lambda::EventSourceMapping",
  "AWS::Lambda::Permission",
  "AWS::Lambda::Url",
  "AWS::S3::BucketPolicy",
  "AWS::SES::ConfigurationSet",
  "AWS::SES::ConfigurationSetEventDestination",
  "AWS::SNS::Subscription",
  "AWS::SNS::TopicPolicy",
  "AWS::SQS::QueuePolicy",
];

const kept = (stack: Synthesized) =>
  stack.resources.flatMap(({ id, type, properties }) => {
    const key = KEPT[type]?.(properties);
    return KEPT[type] === undefined ? [] : [[id, key === undefined ? undefined : stack.text(key)] as const];
  });

/** Keys that every deployment makes: for tenants' secrets, and to sign what anybody can check. */
const OUR_KEYS = ["DeploymentsKey", "HeadsKey", "ProofKey", "SecretsKey", "ServedSecretsKey"];
const keysOf = (stack: Synthesized) =>
  stack
    .of("AWS::KMS::Key")
    .map(({ id }) => id.slice(0, -8))
    .sort();

const onKey = (stack: Synthesized, key: string) =>
  roleStatements(stack).filter(({ statement }) => statement.resources.includes(key));

describe("with a key of the customer's", () => {
  it.each([
    ["that is made", made, dataKey],
    ["that the account has", given, ARN],
  ] as const)("%s, everything that is kept is under it", (_, stack, key) => {
    expect(kept(stack).length).toBeGreaterThan(80);
    for (const [id, under] of kept(stack)) expect(under, id).toBe(key);
  });

  it("of every type of resource it is known whether it keeps something", () => {
    const types = new Set(made.resources.map(({ type }) => type));
    expect([...types].filter((type) => !(type in KEPT) && !NOTHING_KEPT.includes(type))).toEqual([]);
  });

  it("calls to the key are few: one for a bucket and a while, one in five minutes for a queue and for the workflow", () => {
    for (const { id, properties } of made.of("AWS::S3::Bucket"))
      expect(properties.BucketEncryption.ServerSideEncryptionConfiguration[0].BucketKeyEnabled, id).toBe(true);
    for (const { id, properties } of made.of("AWS::SQS::Queue"))
      expect(properties.KmsDataKeyReusePeriodSeconds, id).toBe(300);
    const { EncryptionConfiguration } = made.only("AWS::StepFunctions::StateMachine").properties;
    expect(EncryptionConfiguration).toMatchObject({
      Type: "CUSTOMER_MANAGED_KMS_KEY",
      KmsDataKeyReusePeriodSeconds: 300,
    });
  });

  it("the key rotates and outlives the stacks", () => {
    const key = made.of("AWS::KMS::Key").find(({ id }) => id.startsWith("DataKey"));
    expect([key?.properties.EnableKeyRotation, key?.deletion]).toEqual([true, "Retain"]);
  });

  it("its policy admits the account's own policies, and exactly the services that use it by themselves", () => {
    const key = made.of("AWS::KMS::Key").find(({ id }) => id.startsWith("DataKey"));
    const readable = (statement: Statement) => {
      const principal = statement.principal as { Service?: string; AWS?: unknown };
      const conditions = Object.entries(
        (statement.conditions ?? {}) as Record<string, Record<string, unknown>>,
      ).flatMap(([operator, keys]) =>
        Object.entries(keys).map(
          ([name, value]) =>
            `${operator} ${name} ${(Array.isArray(value) ? value : [value]).map((one) => made.text(one)).join(" ")}`,
        ),
      );
      return [
        statement.effect,
        principal.Service ?? made.text(principal.AWS),
        statement.actions.join(" "),
        ...conditions.sort(),
      ];
    };
    const use = "kms:Decrypt kms:GenerateDataKey";
    const group = "arn:aws:logs:us-east-1:000000000000:log-group:";
    expect(statements(made, key?.properties.KeyPolicy).map(readable)).toEqual([
      ["Allow", "arn:aws:iam::000000000000:root", "kms:*"],
      [
        "Allow",
        "logs.us-east-1.amazonaws.com",
        "kms:Decrypt kms:Describe* kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*",
        `ArnLike kms:EncryptionContext:aws:logs:arn ${group}kaizen-studio-production-* ${group}/aws/vendedlogs/states/kaizen-studio-production-* ${group}aws-waf-logs-kaizen-studio-production-*`,
      ],
      ["Allow", "events.amazonaws.com", "kms:DescribeKey"],
      [
        "Allow",
        "events.amazonaws.com",
        use,
        "StringEquals aws:SourceAccount 000000000000",
        "StringEquals kms:EncryptionContext:aws:events:event-bus:arn arn:aws:events:us-east-1:000000000000:event-bus/kaizen-studio-production",
      ],
      [
        "Allow",
        "events.amazonaws.com",
        use,
        "ArnLike kms:EncryptionContext:aws:sqs:arn arn:aws:sqs:us-east-1:000000000000:*",
      ],
      ["Allow", "cloudwatch.amazonaws.com", `${use}*`, "StringEquals aws:SourceAccount 000000000000"],
      ["Allow", "delivery.logs.amazonaws.com", `${use}*`],
    ]);
    expect(made.only("AWS::Events::EventBus").properties.Name).toBe("kaizen-studio-production");
  });

  it("log groups are named so that the policy means them: by CloudFormation after their stack, or as it says", () => {
    for (const { id, properties } of made.of("AWS::Logs::LogGroup"))
      expect(properties.LogGroupName ?? "kaizen-studio-production-", id).toMatch(
        /^(kaizen-studio-production-|\/aws\/vendedlogs\/states\/kaizen-studio-production-)/,
      );
  });

  it.each(rooms.flatMap(({ name, functions }) => Object.keys(functions).map((fn) => [`${name}/${fn}`, name, fn])))(
    "%s uses it through the services that it uses, and never by itself",
    (_, room = "", name = "") => {
      const role = made.target(made.functionOf(room, name).properties.Role).id;
      const own = roleStatements(made).filter((each) => each.role === role);
      const may = own.flatMap(({ statement }) => statement.actions);
      const has = (...starts: string[]) => may.some((action) => starts.some((start) => action.startsWith(start)));
      const through = (services: Record<string, boolean>) =>
        Object.entries(services)
          .filter(([, uses]) => uses)
          .map(([service]) => `${service}.us-east-1.amazonaws.com`);
      const expected: Record<string, string[]> = {
        "kms:Decrypt": through({
          dynamodb: has("dynamodb:"),
          lambda: true,
          s3: has("s3:GetObject", "s3:PutObject"),
          sqs: has("sqs:"),
          states: has("states:DescribeExecution"),
        }),
        "kms:GenerateDataKey": through({ s3: has("s3:PutObject"), sqs: has("sqs:SendMessage") }),
      };
      const found = own.filter(({ statement }) => statement.resources.includes(dataKey));
      expect(
        Object.fromEntries(found.map(({ statement }) => [statement.actions.join(" "), statement.conditions])),
      ).toEqual(
        Object.fromEntries(
          Object.entries(expected)
            .filter(([, services]) => services.length > 0)
            .map(([action, services]) => [action, { StringEquals: { "kms:ViaService": services } }]),
        ),
      );
    },
  );

  it("the workflow uses it for itself and for its log", () => {
    const machine = made.only("AWS::StepFunctions::StateMachine").properties;
    const role = made.target(machine.RoleArn).id;
    const found = onKey(made, dataKey).filter((each) => each.role === role);
    const arn = `arn:aws:states:us-east-1:000000000000:stateMachine:${machine.StateMachineName}`;
    expect(
      found.map(({ statement }) => [
        statement.actions,
        Object.entries((statement.conditions as { StringEquals: object }).StringEquals).map(([name, value]) => [
          name,
          made.text(value),
        ]),
      ]),
    ).toEqual([
      [["kms:Decrypt", "kms:GenerateDataKey"], [["kms:EncryptionContext:aws:states:stateMachineArn", arn]]],
      [["kms:GenerateDataKey"], [["kms:EncryptionContext:SourceArn", "arn:aws:logs:us-east-1:000000000000:*"]]],
    ]);
  });

  it("no other role has any use of it", () => {
    const known = [...made.of("AWS::Lambda::Function"), made.only("AWS::StepFunctions::StateMachine")].map(
      ({ properties }) => made.target(properties.Role ?? properties.RoleArn).id,
    );
    expect(known).toEqual(expect.arrayContaining(onKey(made, dataKey).map(({ role }) => role)));
  });

  it("tenants' secrets stay under another key, with the same rights as before", () => {
    const secrets = (stack: Synthesized) => onKey(stack, keyOf(stack, "SecretsKey"));
    expect(secrets(made).length).toBeGreaterThan(10);
    expect(secrets(made)).toEqual(secrets(without));
    for (const { id, stack, properties } of made.of("AWS::Lambda::Function")) {
      const own = keyOf(made, stack === "plane" ? "ServedSecretsKey" : "SecretsKey");
      expect(made.text(properties.Environment.Variables.KEY_ARN ?? own), id).toBe(own);
    }
  });

  it("a key that the account has is not made again", () => {
    expect(keysOf(given)).toEqual(OUR_KEYS);
  });

  it.each([
    [
      "alias/mine",
      {},
      /^customer_managed_key is "alias\/mine": use true, or the ARN of a key of KMS, not of an alias$/,
    ],
    [ARN.replace("us-east-1", "eu-west-1"), {}, /^customer_managed_key is a key of eu-west-1: .* goes to us-east-1$/],
    ["true", { stage: "local" }, /^customer_managed_key is for deployed stages/],
  ])("%s is refused with a sentence, with %o", (customer_managed_key, more, sentence) => {
    expect(() => synthesize("production", { context: { customer_managed_key, ...more } })).toThrow(sentence);
  });
});

describe("without one", () => {
  it("no keys but those of secrets and of proofs are made, and everything is under AWS's keys as before", () => {
    expect(keysOf(without)).toEqual(OUR_KEYS);
    for (const [id, under] of kept(without)) expect(under, id).toBeUndefined();
    const uses = roleStatements(without).filter(({ statement }) => JSON.stringify(statement).includes("ViaService"));
    expect(uses).toEqual([]);
  });
});
