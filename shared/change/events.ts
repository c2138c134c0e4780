import * as z from "zod";
import { principalSchema } from "../access/principal.ts";
import { idSchema } from "../ids.ts";

/** How something that somebody set out to do came out; the words of the whole product. */
export const outcomeSchema = z
  .enum(["succeeded", "failed", "denied", "timed_out", "cancelled"])
  .meta({ id: "Outcome" });
export type OutcomeWord = z.output<typeof outcomeSchema>;

export interface EventDefinition<D extends z.ZodObject = z.ZodObject> {
  readonly summary: string;
  /**
   * Which shape `data` has, from 1. It rises when a receiver of the old shape would misread the new one: a field that
   * goes, changes its type or its meaning. A field that is added does not change it.
   */
  readonly version: number;
  readonly data: D;
  /** What kind of thing the event is about; stands in the audit entry. */
  readonly resource: string;
  /** false for the fine-grained progress of a run, which its own records keep. */
  readonly audited: boolean;
  /** What the audit entry says of it where the event itself does not: most events tell of what succeeded. */
  readonly outcome: OutcomeWord;
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** Declares a room's events, of version 1 where they say nothing. `data` holds ids, names and names of changed fields, never secrets. */
export function defineEvents<
  const T extends Record<
    string,
    {
      summary: string;
      data: z.ZodObject;
      resource: string;
      version?: number;
      audited?: boolean;
      outcome?: OutcomeWord;
    }
  >,
>(events: T): { readonly [K in keyof T]: EventDefinition<T[K]["data"]> } {
  return Object.fromEntries(
    Object.entries(events).map(([type, event]) => [
      type,
      { version: 1, audited: true, outcome: "succeeded", ...event },
    ]),
  ) as {
    readonly [K in keyof T]: EventDefinition<T[K]["data"]>;
  };
}

export interface ResourceRef {
  readonly id: string;
  readonly name?: string;
}

export const fieldChangeSchema = z
  .object({
    field: z.string(),
    old: z.unknown().optional(),
    new: z.unknown().optional(),
  })
  .meta({ id: "AuditEntryChangesItem" });
export type FieldChange = z.output<typeof fieldChangeSchema>;

/** An event about to be committed, with what the audit entry says beyond it. */
export interface EventDraft {
  readonly type: string;
  readonly definition: EventDefinition;
  readonly data: Record<string, unknown>;
  readonly resource: { readonly type: string } & ResourceRef;
  readonly changes: readonly FieldChange[];
  readonly outcome: OutcomeWord;
  readonly reason?: string;
}

/**
 * What an event's data may be, in bytes of its JSON. With its envelope it stays far from the 256 KB that EventBridge and
 * a queue take, and a webhook's receiver can be told of a bound.
 */
export const EVENT_DATA_BYTES = 64 * 1024;

/** An event tells of a change; it does not carry what was changed. Nothing was written. */
export class EventTooLarge extends Error {
  constructor(type: string, bytes: number) {
    super(`${type}: its data have ${bytes} bytes, an event takes ${EVENT_DATA_BYTES}; put ids in it, not contents`);
    this.name = "EventTooLarge";
  }
}

/**
 * Drafts one event of a room's registry; its data is checked against the event's schema.
 * @throws EventTooLarge for data of more than 64 KB
 */
export function draft<T extends EventDefinitions, K extends keyof T & string>(
  events: T,
  type: K,
  resource: ResourceRef,
  data: z.input<T[K]["data"]>,
  more: { changes?: readonly FieldChange[]; outcome?: OutcomeWord; reason?: string } = {},
): EventDraft {
  const definition = events[type];
  if (definition === undefined) throw new Error(`unknown event ${type}`);
  const checked = definition.data.parse(data);
  const bytes = Buffer.byteLength(JSON.stringify(checked));
  if (bytes > EVENT_DATA_BYTES) throw new EventTooLarge(type, bytes);
  return {
    type,
    definition,
    data: checked,
    resource: { type: definition.resource, ...resource },
    changes: more.changes ?? [],
    outcome: more.outcome ?? definition.outcome,
    ...(more.reason === undefined ? {} : { reason: more.reason }),
  };
}

/** The envelope in which every event leaves: on the bus and in webhooks. */
export const envelopeSchema = z
  .object({
    id: idSchema("event"),
    type: z.string(),
    version: z.int().min(1).meta({ description: "The shape of `data` for this type of event." }),
    organization_id: z.string(),
    actor: principalSchema,
    occurred_at: z.string(),
    trace_id: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Event", description: "Something that happened." });
export type Envelope = z.output<typeof envelopeSchema>;

/** Which scalar fields differ, for the audit entry. Secrets and long texts are named without their values. */
export function changedFields(
  old: object,
  next: object,
  options: { omit?: readonly string[]; conceal?: readonly string[] } = {},
): FieldChange[] {
  const before = old as Record<string, unknown>;
  const after = next as Record<string, unknown>;
  const omit = new Set(["etag", "updated_at", ...(options.omit ?? [])]);
  const conceal = new Set(options.conceal ?? []);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((field) => !omit.has(field) && JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => {
      const shown = !conceal.has(field) && [before[field], after[field]].every(isShortScalar);
      return shown ? { field, old: before[field] ?? null, new: after[field] ?? null } : { field };
    });
}

const isShortScalar = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && value.length <= 256);
