import { Stack } from "aws-cdk-lib";
import { serviceStatements } from "../../infra/constructs/data-key.ts";
import { generated } from "./markdown.ts";

const PLACE = { partition: "aws", region: "REGION", account: "ACCOUNT", prefix: "kaizen-studio-STAGE" };

/** docs/key-policy.md: what the policy of a key has to say that an account brings for everything that is kept. */
export function renderKeyPolicy(): string {
  const statements = new Stack().resolve(serviceStatements(PLACE).map((statement) => statement.toStatementJson()));
  return [
    generated("infra/constructs/data-key.ts"),
    "# A key of your own for everything that is kept",
    "",
    "With `-c customer_managed_key=true` the deployment makes the key and writes its policy. A key that the account has",
    "(`-c customer_managed_key=arn:aws:kms:…:key/…`; symmetric, in the region of the deployment) needs these statements beside",
    "the usual one that lets IAM policies of the account speak (`kms:*` for `arn:aws:iam::ACCOUNT:root`): the functions' roles",
    "and whoever deploys have their rights by those. Put in the account, the region and the stage; the reasons are in",
    "[ADR 29](adr/0029-a-key-of-the-customers.md).",
    "",
    "```json",
    JSON.stringify(statements, null, 2),
    "```",
    "",
  ].join("\n");
}
