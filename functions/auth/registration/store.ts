import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { idSchema } from "../../../shared/ids.ts";

export const registrationItem = defineItem({
  type: "registration",
  summary: "A registration whose e-mail is not proved yet; a day. The same whether the address has an account or not.",
  schema: z.object({
    id: idSchema("registration"),
    status: z.enum(["pending", "completed"]),
    email: z.string(),
    name: z.string(),
    language: z.string().nullable(),
    /** Null: for whoever means to join the organization of their mail domain. */
    organization_name: z.string().nullable(),
    organization_slug: z.string().nullable(),
    secret_hash: z.string(),
    /** The token for the mail, encrypted; the mail function is the only one to open it. */
    sealed_token: z.string(),
    /** Mails asked for so far. */
    mails: z.number().int(),
    created_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "REGISTRATION#{id}", sk: "REGISTRATION" },
  expires: "expires_at",
});
export type Registration = ItemOf<typeof registrationItem>;

/** What binds the token of a registration to its record. */
export const registrationTokenContext = (id: string) =>
  ({ purpose: "registrations", tenant: PLATFORM, field: `registration.${id}` }) as const;

/** A registration by this id that waits for its proof. */
export async function pendingRegistration(table: Table, id: string, now: Date): Promise<Registration | undefined> {
  const registration = await table.of(PLATFORM).get(registrationItem, { id });
  return registration?.status === "pending" && Date.parse(registration.expires_at) > now.getTime()
    ? registration
    : undefined;
}

/** The write that spends a registration's token. */
export const spendRegistration = (table: Table, id: string, spent: () => Problem): Write =>
  table
    .of(PLATFORM)
    .writes.transition(registrationItem, { id }, { from: ["pending"], set: { status: "completed" } }, spent);
