import { Table } from "../../shared/dynamo/table.ts";
import { stackTable } from "./stack.ts";

/** A table, the deployed one unless told, on which something happens between what is read and what is first written of it. */
export function interrupted(meanwhile: () => Promise<unknown>, table = stackTable()): Table {
  const { name, client, clock } = table;
  let happened = false;
  const send = async (command: object): Promise<unknown> => {
    if (!happened && command.constructor.name === "TransactWriteCommand") {
      happened = true;
      await meanwhile();
    }
    return client.send(command as never);
  };
  return new Table(name, { send } as never, clock);
}
