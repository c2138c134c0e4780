import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { auditItem } from "../../../shared/change/items.ts";
import { fromStored } from "../../../shared/dynamo/item.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { cutText } from "../../../shared/text.ts";
import { type NumberDeps, numberEntries, type Stored } from "./number.ts";

/** Entries that get no number now, and why. They stay where they are, and get one when their organization's tree is looked after. */
export interface DeadEntries {
  readonly reason: "unreadable" | "failed";
  readonly detail: string;
  readonly keys: readonly string[];
}

export interface SequenceDeps extends NumberDeps {
  readonly table: Table;
  readonly dead: Queue<DeadEntries>;
}

export interface Sequenced {
  readonly numbered: number;
  readonly dead: readonly DeadEntries[];
  /** The organizations whose log has grown. */
  readonly grown: readonly string[];
}

/** Organizations that are worked on at the same time. */
const AT_ONCE = 8;

/**
 * Numbers the entries of a batch, those of each organization together. What is wrong with one entry, or with one tree, holds
 * up nobody else's: it is put aside, where an alarm rings.
 * @throws where the cloud does not do its part; the batch comes again then, and what has a number keeps it
 */
export async function sequence(batch: DynamoDBStreamEvent, deps: SequenceDeps): Promise<Sequenced> {
  const dead: DeadEntries[] = [];
  const byTenant = new Map<string, Stored[]>();
  for (const record of batch.Records) {
    const entry = entryOf(record, dead);
    if (entry === undefined) continue;
    const others = byTenant.get(entry.organization_id);
    if (others === undefined) byTenant.set(entry.organization_id, [entry]);
    else others.push(entry);
  }
  let numbered = 0;
  const grown: string[] = [];
  const failures: unknown[] = [];
  const waiting = [...byTenant];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [tenant, entries] = next;
      try {
        const count = await numberEntries(deps.table.of(tenant), entries, deps);
        numbered += count;
        if (count > 0) grown.push(tenant);
      } catch (error) {
        if (passes(error)) failures.push(error);
        else {
          const detail = error instanceof Error ? cutText(error.message, 500) : "";
          dead.push({ reason: "failed", detail, keys: entries.map(({ id }) => `${tenant}/${id}`) });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await deps.dead.send(dead);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} organizations have to wait`);
  return { numbered, dead, grown };
}

/** Undefined for a record that is no new entry, or one that cannot be read. */
function entryOf({ eventName, dynamodb }: DynamoDBRecord, dead: DeadEntries[]): Stored | undefined {
  const image = dynamodb?.NewImage;
  if (eventName !== "INSERT" || image?.item_type?.S !== auditItem.type) return undefined;
  try {
    return fromStored(auditItem, unmarshall(image as Parameters<typeof unmarshall>[0]));
  } catch (error) {
    const detail = error instanceof Error ? cutText(error.message, 500) : "";
    dead.push({ reason: "unreadable", detail, keys: [`${image.pk?.S}/${image.sk?.S}`] });
    return undefined;
  }
}

/** Whether it is the cloud that fails, or others who were faster: then it goes another time. Anything else is a fault of ours. */
const passes = (error: unknown): boolean =>
  error instanceof Problem || (error instanceof Error && ("$metadata" in error || "code" in error));
