import { type Stack, Token } from "aws-cdk-lib";
import { AccountRootPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { partition } from "../shared/dynamo/item.ts";
import { PLATFORM } from "../shared/identity/items.ts";
import { idPrefixes } from "../shared/ids.ts";
import { answersRequests, type FunctionData } from "../shared/room.ts";
import { TENANT_TAG } from "../shared/tenancy/scope.ts";
import type { Granted } from "./grants.ts";
import type { Stage } from "./stages.ts";

/** What lets a function take its own role anew for one organization, and what binds whoever has taken it so. */
export interface Wall {
  /** The role's: CloudFormation lets no role name itself, so it is known by where it stands. */
  readonly path: string;
  /** The role, by its path. */
  readonly itself: string;
  readonly statements: readonly PolicyStatement[];
  readonly trust: PolicyStatement;
}

/** What is done with items under keys; a transaction is its single items to IAM. */
const KEYED = [
  "dynamodb:GetItem",
  "dynamodb:BatchGetItem",
  "dynamodb:Query",
  "dynamodb:ConditionCheckItem",
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
];

const TAG = `aws:PrincipalTag/${TENANT_TAG}`;
/** Whoever has taken the role for an organization. */
const FOR_A_TENANT = { [TAG]: "false" };

/**
 * The wall of a function that answers requests (docs/adr/0098): it takes its own role anew, with an organization as its tag, and
 * the role denies whoever has such a tag every key that is neither that organization's nor the platform's. Denials take nothing from what the
 * function may write (ADR 25), and no grant that is added later opens them.
 */
export function wallOf(
  stack: Stack,
  name: string,
  data: FunctionData,
  stage: Stage,
  table: Granted["table"],
): Wall | undefined {
  if (!stage.tenant_credentials || !answersRequests(data)) return undefined;
  const { region, account, stackName } = stack;
  if (Token.isUnresolved(region)) throw new Error("the role's path names the region, which is not known");
  // Roles are the account's, in all its regions.
  const path = `/${region}/${stackName}/${name}/`;
  const itself = `arn:${stack.partition}:iam::${account}:role${path}*`;
  const deny = (what: { actions: string[] } | { notActions: string[] }, resources: readonly string[], when: object) =>
    new PolicyStatement({ effect: Effect.DENY, ...what, resources: [...resources], conditions: { ...when } });
  return {
    path,
    itself,
    trust: new PolicyStatement({
      effect: Effect.ALLOW,
      principals: [new AccountRootPrincipal()],
      actions: ["sts:AssumeRole", "sts:TagSession"],
      conditions: {
        ArnLike: { "aws:PrincipalArn": itself },
        StringLike: { [`aws:RequestTag/${TENANT_TAG}`]: `${idPrefixes.organization}_*` },
        "ForAllValues:StringEquals": { "aws:TagKeys": [TENANT_TAG] },
      },
    }),
    statements: [
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ["sts:AssumeRole", "sts:TagSession"],
        resources: [itself],
      }),
      deny({ actions: KEYED }, table.arns, {
        Null: FOR_A_TENANT,
        "ForAnyValue:StringNotLike": {
          "dynamodb:LeadingKeys": [`${partition(`\${${TAG}}`, "*")}`, partition(PLATFORM, "*")],
        },
      }),
      // A request that names no key matches no list of keys.
      deny({ actions: KEYED }, table.arns, { Null: { ...FOR_A_TENANT, "dynamodb:LeadingKeys": "true" } }),
      // Nothing but the table's items: not the whole table, no secret, no file, and no other organization's tag. DynamoDB opens the
      // table's own key in the caller's name where that is under the customer's.
      deny({ notActions: [...KEYED, ...(table.under_customers_key ? ["kms:Decrypt"] : [])] }, ["*"], {
        Null: FOR_A_TENANT,
      }),
    ],
  };
}
