import { grantOperator, listOperators, revokeOperator } from "../functions/operators/granting/grant.ts";
import { Table } from "../shared/dynamo/table.ts";
import { Problem } from "../shared/errors.ts";

// `npm run operator -- grant|revoke <mail>`, `npm run operator -- list`: who runs the platform. Works with the rights that
// the shell has in the AWS account, on the table that TABLE_NAME names: the output `TableName` of the data stack.

const usage = "TABLE_NAME=<output TableName> npm run operator -- grant <mail> | revoke <mail> | list";

/** What is to be printed; undefined for what is no command. */
async function main([verb, mail]: readonly string[], tableName: string | undefined): Promise<string[] | undefined> {
  if (tableName === undefined || tableName === "") return undefined;
  const table = Table.connect(tableName);
  const at = new Date();
  if (verb === "list")
    return (await listOperators(table)).map((one) => `${one.email}  ${one.user_id}  ${one.granted_at}`);
  if (mail === undefined || (verb !== "grant" && verb !== "revoke")) return undefined;
  const act = verb === "grant" ? grantOperator : revokeOperator;
  const { user_id } = await act(table, mail, at);
  return [`${mail} (${user_id}) ${verb === "grant" ? "is an operator from now on" : "is no operator any more"}.`];
}

try {
  const lines = await main(process.argv.slice(2), process.env.TABLE_NAME);
  if (lines === undefined) {
    console.error(usage);
    process.exitCode = 2;
  }
  for (const line of lines ?? []) console.log(line);
} catch (error) {
  console.error(error instanceof Problem ? error.detail : error);
  process.exitCode = 1;
}
