import * as z from "zod";
import { defineItem } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import { sha256 } from "../hash.ts";
import { PLATFORM } from "../identity/items.ts";

/** Why nothing is mailed to an address: its server refused it for good, or whoever reads it called our mail spam. */
export const undeliverableReasons = ["bounced", "complained"] as const;
export type UndeliverableReason = (typeof undeliverableReasons)[number];

/** An address to which nothing is sent for a while. It is named by its hash: the item is kept for people without account too. */
export const undeliverableItem = defineItem({
  type: "mail_undeliverable",
  summary: "An address that refused a mail for good, or complained of one; nothing is sent to it until this expires.",
  schema: z.object({
    address_hash: z.string(),
    reason: z.enum(undeliverableReasons),
    at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "MAIL_UNDELIVERABLE#{address_hash}", sk: "MAIL_UNDELIVERABLE" },
  expires: "expires_at",
});

/** Mail addresses are compared without capitals, as everywhere in the product. */
export const addressHash = (address: string): string => sha256(address.trim().toLowerCase());

/** Why nothing is mailed to this address now; undefined where it is. One strongly consistent read. */
export const undeliverable = async (table: Table, address: string): Promise<UndeliverableReason | undefined> =>
  (await table.of(PLATFORM).get(undeliverableItem, { address_hash: addressHash(address) }))?.reason;
