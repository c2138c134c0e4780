import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { ItemDefinition, ItemOf } from "./item.ts";
import type { TenantTable } from "./table.ts";

/** Which part of one partition is read. */
export interface FamilyRange {
  /** The partition as `primaryKey` gives it. */
  readonly pk: string;
  /** Sort keys between these, both inclusive; `to` takes in all that begin with it. */
  readonly from: string;
  readonly to: string;
  /** From the end, and no more than this many items. */
  readonly last?: number;
}

/**
 * Items of several types that lie side by side, in one strongly consistent query: a thing with its parts costs one
 * call, and its units by the sum of their sizes instead of one each. Items of types that are not named, and those whose
 * time is over, are left out.
 */
export async function readFamily<const K extends Readonly<Record<string, ItemDefinition>>>(
  { table }: TenantTable,
  { pk, from, to, last }: FamilyRange,
  kinds: K,
): Promise<{ -readonly [N in keyof K]: ItemOf<K[N]>[] }> {
  const members = Object.entries(kinds);
  const found: Record<string, unknown[]> = Object.fromEntries(members.map(([name]) => [name, []]));
  let start: Record<string, unknown> | undefined;
  do {
    const answer = await table.send(() =>
      table.client.send(
        new QueryCommand({
          TableName: table.name,
          ConsistentRead: true,
          KeyConditionExpression: "#pk = :pk AND #sk BETWEEN :from AND :to",
          ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
          ExpressionAttributeValues: { ":pk": pk, ":from": from, ":to": `${to}\uffff` },
          ...(last === undefined ? {} : { ScanIndexForward: false, Limit: last }),
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
    for (const item of answer.Items ?? []) {
      const [name, definition] = members.find(([, { type }]) => type === item.item_type) ?? [];
      const one = definition === undefined ? undefined : table.found(definition, item);
      if (name !== undefined && one !== undefined) found[name]?.push(one);
    }
    start = last === undefined ? answer.LastEvaluatedKey : undefined;
  } while (start !== undefined);
  return found as { -readonly [N in keyof K]: ItemOf<K[N]>[] };
}
