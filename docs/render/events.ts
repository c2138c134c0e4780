import * as z from "zod";
import type { EventDefinitions } from "../../shared/change/events.ts";
import { code, generated, table } from "./markdown.ts";

/** docs/events.md: every event with its data. */
export function renderEvents(byRoom: Readonly<Record<string, EventDefinitions>>): string {
  const rooms = Object.entries(byRoom).map(([room, events]) =>
    [
      `## ${room}`,
      "",
      table(
        ["Type", "Version", "When", "Data", "Audited"],
        Object.entries(events).map(([type, event]) => [
          code(type),
          String(event.version),
          event.summary,
          fields(event.data),
          event.audited ? "yes" : "no",
        ]),
      ),
      "",
    ].join("\n"),
  );
  return [
    generated("each room's `events.ts`"),
    "# Events",
    "",
    "An event is committed together with the change it tells of, and leaves in an envelope: `id`, `type`, `version`, `organization_id`,",
    "`actor`, `occurred_at`, `trace_id`, `data`. It may be delivered more than once: remember the `id`. Webhooks subscribe to types.",
    "The version of a type rises when a receiver of its old data would misread the new: `GET /webhooks/events/{event_type}` gives both it",
    "and the JSON Schema of the data, which are at most 64 KB.",
    "Audited events stand in the organization's audit log too.",
    "",
    ...rooms,
  ].join("\n");
}

interface Schema {
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

function fields(data: z.ZodObject): string {
  const schema = z.toJSONSchema(data, { io: "output" }) as Schema;
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .map(([name, property]) => `${code(required.has(name) ? name : `${name}?`)} ${typeText(property, schema.$defs)}`)
    .join("<br>");
}

/** A schema in a few words: `string or null`, `list of string`. `defs`: those that it may refer to. */
function typeText(schema: Schema, defs: Schema["$defs"] = {}): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(", ");
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return either.map((option) => typeText(option, defs)).join(" or ");
  if (schema.$ref !== undefined) return typeText(defs[schema.$ref.split("/").at(-1) ?? ""] ?? {}, defs);
  if (schema.items !== undefined) return `list of ${typeText(schema.items, defs)}`;
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  return typeof schema.type === "string" ? schema.type : "any value";
}
