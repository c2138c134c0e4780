import * as z from "zod";
import { type EventDefinition, type EventDefinitions, envelopeSchema } from "../../../shared/change/events.ts";
import { pascal } from "./components.ts";
import type { JsonObject } from "./json.ts";
import type { SchemaBook } from "./schema-book.ts";

/**
 * What is sent to the address that an operation takes: every event of the product, as one union that its `type` tells
 * apart. It stands at the operation and not under `webhooks`, of which makers of clients make calls to us.
 * @param field the field of the operation's body that holds the address
 */
export function eventCallback(
  field: string,
  events: Readonly<Record<string, EventDefinitions>>,
  schemas: SchemaBook,
): JsonObject {
  const all = Object.values(events).flatMap((definitions) => Object.entries(definitions));
  const [first, ...rest] = all.map(([type, event]) => eventSchema(type, event));
  if (first === undefined) return {};
  const anyEvent = z.discriminatedUnion("type", [first, ...rest]).meta({
    id: "WebhookEvent",
    description: "What happened, in an envelope: the body of every request to a webhook's address.",
  });
  return {
    callbacks: {
      event: {
        [`{$request.body#/${field}}`]: {
          post: {
            operationId: "webhook_receiver.event",
            tags: ["webhooks"],
            summary: "An event, sent to the webhook's address",
            description: describe(all),
            security: [],
            parameters: HEADERS.map(([name, text]) => ({
              name,
              in: "header",
              required: true,
              description: text,
              schema: { type: "string" },
            })),
            requestBody: {
              required: true,
              content: { "application/json": { schema: schemas.output(anyEvent, "WebhookEvent") } },
            },
            responses: { "2XX": { description: "Received. Any other answer is tried again." } },
          },
        },
      },
    },
  };
}

const eventSchema = (type: string, { version, data, summary }: EventDefinition) =>
  envelopeSchema
    .extend({
      type: z.literal(type),
      version: z.literal(version),
      data: data.meta({ id: `${pascal(type)}Data` }),
    })
    .meta({ id: `${pascal(type)}Event`, description: summary });

const describe = (all: readonly (readonly [string, EventDefinition])[]): string =>
  [
    "Signed as Standard Webhooks do. It may come more than once: remember the `id`.",
    all.map(([type, { summary }]) => `- \`${type}\`: ${summary}`).join("\n"),
  ].join("\n\n");

const HEADERS = [
  ["webhook-id", "The event's id; the same in every attempt."],
  ["webhook-timestamp", "Seconds since 1970 when the attempt was signed."],
  ["webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, once for each live secret."],
] as const;
