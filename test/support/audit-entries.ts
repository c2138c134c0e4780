import { marshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord } from "aws-lambda";
import { auditWrite } from "../../shared/change/commit.ts";
import { auditItem } from "../../shared/change/items.ts";
import type { ItemOf } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";

export interface Written {
  readonly entry: ItemOf<typeof auditItem>;
  /** As the table's stream shows it. */
  readonly record: DynamoDBRecord;
}

interface Said {
  /** A user. */
  readonly actor?: string;
  readonly resource?: { readonly type: string; readonly id: string; readonly name: string };
}

/** Writes an entry as changes do. */
export async function writeEntry(
  table: Table,
  tenant: string,
  i = 0,
  at = new Date(),
  said: Said = {},
): Promise<Written> {
  const context = {
    tenant,
    at,
    actor: { type: "user", id: said.actor ?? "usr_1" },
    trace_id: "t",
    audit_days: 400,
    request: { id: "req_1", method: "POST", path: "/agents", ip: "203.0.113.9", user_agent: "test" },
  } as const;
  const changes = [{ field: "name", old: null, new: `Name ${i}` }];
  const { resource = { type: "agent", id: `agt_${i}`, name: `Agent ${i}` } } = said;
  const write = auditWrite(table, context, { action: "agent.updated", resource, outcome: "succeeded", changes });
  const entry = await table.of(tenant).apply(auditItem, write);
  const NewImage = marshall(write.item.Put?.Item ?? {}, { removeUndefinedValues: true });
  return { entry, record: { eventName: "INSERT", dynamodb: { NewImage } } as DynamoDBRecord };
}

export const batchOf = (all: readonly Written[]) => ({ Records: all.map(({ record }) => record) });
