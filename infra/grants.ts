import { Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type FilePurpose, filePurposes, filesFor } from "../shared/blobs/purposes.ts";
import { clientSetting, queueSetting } from "../shared/config/settings.ts";
import { partition } from "../shared/dynamo/item.ts";
import { platformProviders } from "../shared/identity/platform-providers.ts";
import { idPrefixes } from "../shared/ids.ts";
import { DATA_PLANE_SOURCE, type FunctionData, type Need, needsOf, touchesOf, writesOf } from "../shared/room.ts";
import { planeSecrets, type SecretUse } from "../shared/secrets/purposes.ts";
import { dataKeyUse } from "./data-key-use.ts";
import type { Resources } from "./grantable.ts";
import { writableKeys } from "./items.ts";

export type { DataPlaneAccess, Resources } from "./grantable.ts";

export interface Granted {
  readonly statements: PolicyStatement[];
  readonly environment: Record<string, string>;
  /** Resources with a wildcard, each with the reason why no narrower one can be named. */
  readonly wildcards: { readonly resource: string; readonly reason: string }[];
  readonly logs: (logGroupArn: string) => PolicyStatement;
  /** The table with its indexes, and whether its key is the customer's. */
  readonly table: { readonly arns: readonly string[]; readonly under_customers_key: boolean };
}

const allow = (actions: string[], resources: string[]): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions, resources });

/** Exactly the reads that `shared/dynamo` makes; no scan, no table administration. */
const READS = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"];

/** What is done with files: texts are written and read back, never listed; only who removes a thing's files lists them. */
const fileActions: Readonly<Record<string, readonly string[]>> = {
  read: ["s3:GetObject"],
  write: ["s3:GetObject", "s3:PutObject"],
  remove: ["s3:DeleteObject"],
};

/** Verb and purpose of a need for files; no purpose for another need. */
function filesNeed(need: Need): readonly [string, FilePurpose | undefined] {
  const [, verb = "", name] = /^files_(\w+):(\w+)$/.exec(need) ?? [];
  return [verb, filePurposes.find((purpose) => purpose === name)];
}

/**
 * Writing items of these types and no others. A transaction is its single writes to IAM. Each action stands in one
 * statement with all its keys, so it does not matter whether the keys of a transaction are looked at singly or together;
 * a request that says no key is refused.
 */
function writing(types: readonly string[], erases: boolean, r: Resources): PolicyStatement[] {
  const { add, change } = writableKeys(types);
  const under = (actions: string[], keys: readonly string[]): PolicyStatement[] => {
    if (keys.length === 0) return [];
    const statement = allow(actions, [r.tableArn]);
    if (r.keyConditions)
      statement.addConditions({
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [...keys] },
        Null: { "dynamodb:LeadingKeys": "false" },
      });
    return [statement];
  };
  return [
    // Checks are part of transactions and change nothing.
    allow(["dynamodb:ConditionCheckItem"], [r.tableArn]),
    ...under(["dynamodb:PutItem"], add),
    ...(erases
      ? [
          ...under(["dynamodb:UpdateItem"], change),
          ...under(["dynamodb:DeleteItem"], [...change, partition(`${idPrefixes.organization}_*`, "*")]),
        ]
      : under(["dynamodb:UpdateItem", "dynamodb:DeleteItem"], change)),
  ];
}

/** Setting single attributes of items of other rooms, written as `type.attribute`. */
function touching(touches: readonly string[], r: Resources): PolicyStatement[] {
  if (!r.keyConditions) return [];
  const types = [...new Set(touches.map((touch) => touch.split(".")[0] ?? ""))];
  return types.map((type) => {
    const attributes = touches
      .filter((touch) => touch.startsWith(`${type}.`))
      .map((touch) => touch.slice(type.length + 1));
    const statement = allow(["dynamodb:UpdateItem"], [r.tableArn]);
    statement.addConditions({
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [...writableKeys([type]).add] },
      // The key is among the attributes of a request.
      "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk", ...attributes] },
      // What is returned counts among them.
      StringEqualsIfExists: { "dynamodb:ReturnValues": "NONE" },
      Null: { "dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false" },
    });
    return statement;
  });
}

/** What is put on customers' buses says of which organization's log it is, and can be taken for nothing else. */
const FROM_AUDIT = {
  "ForAllValues:StringLike": { "events:source": ["kaizen-studio.audit/*"] },
  Null: { "events:source": "false" },
};

const isSecretUse = (need: Need): need is SecretUse => /^(?:seal|open):/.test(need);

/** The use of the key for secrets of the purposes that are declared: the purpose stands in the encryption context. */
function keyUse(action: string, verb: "seal" | "open", uses: readonly SecretUse[], r: Resources): PolicyStatement[] {
  const purposes = uses.filter((use) => use.startsWith(verb)).map((use) => use.slice(verb.length + 1));
  if (purposes.length === 0) return [];
  const statement = allow([action], [r.keyArn]);
  if (r.keyConditions) statement.addConditions({ StringEquals: { "kms:EncryptionContext:purpose": purposes } });
  return [statement];
}

/** Turns needs and writes into statements and settings. Every verb is named; a wildcard stands only where AWS has no other way, with its reason. */
export function grant(data: FunctionData, r: Resources): Granted {
  const statements: PolicyStatement[] = [];
  const environment: Record<string, string> = {};
  const wildcards: { resource: string; reason: string }[] = [];
  const files = (verb: string, purpose: FilePurpose) => {
    const resource = `${r.bucketArn}/${filesFor(purpose)}*`;
    const actions = fileActions[verb];
    if (actions === undefined) throw new Error(`nobody can ${verb} files`);
    statements.push(allow([...actions], [resource]));
    // What is removed is found by the beginning of its name.
    if (verb === "remove") {
      const listing = allow(["s3:ListBucket"], [r.bucketArn]);
      listing.addCondition("StringLike", { "s3:prefix": `${filesFor(purpose)}*` });
      statements.push(listing);
    }
    wildcards.push({ resource, reason: "Files are named by tenant, thing and content at run time." });
    environment.BUCKET_NAME = r.bucketName;
  };
  const indexes = r.indexes.map((index) => `${r.tableArn}/index/${index}`);
  const writes = writesOf(data);
  const touches = touchesOf(data);
  environment.TABLE_WRITES = [...writes, ...touches].join(",");
  statements.push(...touching(touches, r));
  if (writes.length > 0) statements.push(...writing(writes, data.needs.includes("table_erase"), r));
  const uses = needsOf(data).filter(isSecretUse);
  environment.SECRET_USES = uses.join(",");
  statements.push(...keyUse("kms:GenerateDataKey", "seal", uses, r), ...keyUse("kms:Decrypt", "open", uses, r));
  if (r.dataKey !== undefined) statements.push(...dataKeyUse(data, r.dataKey));
  for (const need of data.needs) {
    if (isSecretUse(need)) continue;
    switch (need) {
      case "table_read":
        statements.push(allow(READS, [r.tableArn, ...indexes]));
        break;
      case "table_erase":
        // A partition key cannot be asked for by its beginning (docs/adr/0041).
        statements.push(allow(["dynamodb:Scan"], [r.tableArn]));
        break;
      case "sign":
        statements.push(allow(["kms:Sign", "kms:GetPublicKey"], [r.proofKeyArn]));
        environment.PROOF_KEY_ARN = r.proofKeyArn;
        break;
      case "sign_heads":
      case "heads_key": {
        const actions = need === "sign_heads" ? ["kms:Sign", "kms:GetPublicKey"] : ["kms:GetPublicKey"];
        statements.push(allow(actions, [r.headsKeyArn]));
        environment.HEADS_KEY_ARN = r.headsKeyArn;
        break;
      }
      case "sign_deployments":
      case "deployments_key":
        statements.push(allow([need === "sign_deployments" ? "kms:Sign" : "kms:GetPublicKey"], [r.deploymentsKeyArn]));
        environment.DEPLOYMENTS_KEY_ARN = r.deploymentsKeyArn;
        break;
      case "data_plane": {
        if (r.dataPlane === undefined) throw new Error("the data plane does not deploy to itself");
        const { functionArn, keyArn, url } = r.dataPlane;
        const sealing = allow(["kms:GenerateDataKey"], [keyArn]);
        if (r.keyConditions)
          sealing.addConditions({ StringEquals: { "kms:EncryptionContext:purpose": [...planeSecrets] } });
        statements.push(allow(["lambda:InvokeFunction"], [functionArn]), sealing);
        Object.assign(environment, {
          DATA_PLANE_FUNCTION_ARN: functionArn,
          DATA_PLANE_KEY_ARN: keyArn,
          DATA_PLANE_URL: url,
        });
        break;
      }
      case "identities":
        statements.push(
          allow(
            [
              "cognito-idp:AdminCreateUser",
              "cognito-idp:AdminSetUserPassword",
              "cognito-idp:AdminDeleteUser",
              "cognito-idp:AdminInitiateAuth",
            ],
            [r.userPoolArn],
          ),
        );
        break;
      case "identity_providers":
        statements.push(
          allow(
            [
              "cognito-idp:CreateIdentityProvider",
              "cognito-idp:UpdateIdentityProvider",
              "cognito-idp:DeleteIdentityProvider",
              "cognito-idp:CreateUserPoolClient",
              "cognito-idp:DeleteUserPoolClient",
              "cognito-idp:ListUserPoolClients",
            ],
            [r.userPoolArn],
          ),
        );
        if (r.poolUrl !== undefined) environment.POOL_URL = r.poolUrl;
        break;
      case "hosted_sign_in":
        if (r.poolUrl !== undefined) environment.POOL_URL = r.poolUrl;
        break;
      case "everybodys_providers":
        for (const provider of platformProviders) {
          const client = r.providerClients[provider];
          if (client !== undefined) environment[clientSetting(provider)] = client;
        }
        if (r.microsoftRegistration !== undefined) environment.MICROSOFT_REGISTRATION = r.microsoftRegistration;
        break;
      case "copies_read":
      case "copies_write": {
        const resource = `${r.copies.arn}/*`;
        // Who writes copies can neither read, remove nor unlock one.
        const writes = ["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"];
        statements.push(allow(need === "copies_read" ? ["s3:GetObjectVersion"] : writes, [resource]));
        wildcards.push({ resource, reason: "Copies are named by class, tenant and numbers at run time." });
        environment.COPIES_BUCKET_NAME = r.copies.name;
        environment.COPIES_LOCK = r.copies.lock;
        break;
      }
      case "mail":
        statements.push(allow(["ses:SendEmail"], [...r.mailArns]));
        environment.MAIL_FROM = r.mailFrom;
        if (r.mailSet !== undefined) environment.MAIL_CONFIGURATION_SET = r.mailSet;
        environment.APP_URL = r.appUrl;
        break;
      case "models":
        statements.push(allow([...r.modelActions], [...r.modelArns]));
        for (const resource of r.modelArns) {
          wildcards.push({
            resource,
            reason:
              "Which foundation model an agent uses is the tenant's choice at run time; the catalogue refuses unknown ones.",
          });
        }
        statements.push(allow(["bedrock:ApplyGuardrail"], [...r.guardrailArns]));
        for (const resource of r.guardrailArns) {
          wildcards.push({
            resource,
            reason: "Which guardrail of the account stands before an agent is the tenant's choice.",
          });
        }
        Object.assign(environment, outboundEnvironment(r));
        break;
      case "outbound":
        Object.assign(environment, outboundEnvironment(r));
        break;
      case "dns":
        environment.DNS_SERVERS = r.dnsServers.join(",");
        break;
      case "runs_start":
        statements.push(allow(["states:StartExecution"], [r.machineArn]));
        environment.STATE_MACHINE_ARN = r.machineArn;
        break;
      case "runs_control":
        statements.push(allow(["states:StopExecution", "states:DescribeExecution"], [r.machineExecutionsArn]));
        environment.STATE_MACHINE_ARN = r.machineArn;
        wildcards.push({
          resource: r.machineExecutionsArn,
          reason: "Executions are named by run and step at run time; all belong to the one run workflow.",
        });
        break;
      case "due":
        statements.push(allow([...r.batchActions], [...new Set(Object.values(r.due).map(({ arn }) => arn))]));
        environment.DUE_QUEUES = JSON.stringify({ base: r.queueBase, queues: kindsByQueue(r.due) });
        break;
      case "bus":
        statements.push(allow(["events:PutEvents"], [r.busArn]));
        environment.BUS_NAME = r.busName;
        break;
      case "data_plane_events": {
        const telling = allow(["events:PutEvents"], [r.busArn]);
        if (r.keyConditions)
          telling.addConditions({
            "ForAllValues:StringEquals": { "events:source": [DATA_PLANE_SOURCE] },
            Null: { "events:source": "false" },
          });
        statements.push(telling);
        environment.BUS_NAME = r.busName;
        break;
      }
      case "customers_buses": {
        const { others, own, account } = r.customersBuses;
        const elsewhere = allow(["events:PutEvents"], [others]);
        const here = allow(["events:PutEvents"], [own]);
        if (r.keyConditions) {
          elsewhere.addConditions({ ...FROM_AUDIT, StringNotEquals: { "aws:ResourceAccount": account } });
          here.addConditions(FROM_AUDIT);
        }
        statements.push(elsewhere, here);
        wildcards.push(
          { resource: others, reason: "Which bus of theirs customers have their audit log sent to is their choice." },
          { resource: own, reason: "Buses of this account that are made for it have names with this beginning." },
        );
        environment.BUS_ARN = r.busArn;
        break;
      }
      default: {
        const [verb, purpose] = filesNeed(need);
        if (purpose !== undefined) {
          files(verb, purpose);
          break;
        }
        const name = need.slice("send:".length);
        const queue = r.queues[name];
        if (queue === undefined) throw new Error(`a function needs ${need}, but no room has that queue`);
        statements.push(allow(["sqs:SendMessage"], [queue.arn]));
        environment[queueSetting(name)] = queue.url;
      }
    }
  }
  return {
    statements,
    environment,
    wildcards,
    logs: (arn) => allow(["logs:CreateLogStream", "logs:PutLogEvents"], [arn]),
    table: { arns: [r.tableArn, ...indexes], under_customers_key: r.dataKey !== undefined },
  };
}

/** Each queue once, by its name, with its kinds: addresses are long, and a function's settings have 4 KB together. */
function kindsByQueue(due: Resources["due"]): readonly (readonly [name: string, kinds: readonly string[]])[] {
  const names = [...new Set(Object.values(due).map(({ name }) => name))];
  return names.map((name) => [name, Object.keys(due).filter((kind) => due[kind]?.name === name)]);
}

/** What Lambda does with a function's role to take messages from its queue. */
export const queueConsumption = (queueArn: string): PolicyStatement =>
  allow(
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
    [queueArn],
  );

/** What Lambda does with a function's role to read the table's stream and put aside what failed. */
export const streamReading = (streamArn: string, deadLettersArn: string): PolicyStatement[] => [
  allow(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], [streamArn]),
  allow(["dynamodb:ListStreams"], ["*"]),
  allow(["sqs:SendMessage"], [deadLettersArn]),
];

/** Settings of the guarded outbound client. */
export const outboundEnvironment = (r: Resources): Record<string, string> => ({
  OUTBOUND_ALLOW_HTTP: String(r.outbound.allow_http),
  OUTBOUND_ALLOW_HOSTS: r.outbound.allow_hosts.join(","),
});
