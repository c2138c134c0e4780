import { Table } from "../../shared/dynamo/table.ts";
import { stackTable } from "./stack.ts";

/** The deployed table, on which something happens between what a request reads and what it first writes of it. */
export function interrupted(meanwhile: () => Promise<unknown>): Table {
  const { name, client } = stackTable();
  let happened = false;
  const send = async (command: object): Promise<unknown> => {
    if (!happened && command.constructor.name === "TransactWriteCommand") {
      happened = true;
      await meanwhile();
    }
    return client.send(command as never);
  };
  return new Table(name, { send } as never);
}
