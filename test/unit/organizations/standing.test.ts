import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { deletion, planChange, restoration, suspension } from "../../../functions/organizations/public.ts";
import { rightsFrom } from "../../../shared/access/grants.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { type Membership, type Organization, organizationStatuses } from "../../../shared/identity/items.ts";
import { organizationNamed } from "../../support/organization.ts";

const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-central-1" })));
const at = new Date("2026-03-01T12:00:00.000Z");
const ID = "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const active = organizationNamed(ID);

const suspended = suspension(table, active, "Unpaid", at).organization;
const deleted = deletion(table, active, at).organization;
const both = deletion(table, suspended, at).organization;

describe("an organization's state", () => {
  it("is what is set: suspended with a reason, deleted with the time of its end", () => {
    expect(suspended).toMatchObject({ status: "suspended", suspension: { reason: "Unpaid" }, deletion: null });
    expect(deleted).toMatchObject({ status: "deleted", deletion: { erase_at: "2026-03-31T12:00:00.000Z" } });
    expect(restoration(table, suspended, at).organization).toMatchObject({ status: "active", suspension: null });
    expect(restoration(table, deleted, at).organization).toMatchObject({ status: "active", deletion: null });
  });

  it("of one that was suspended when it was deleted is suspended again once it is restored", () => {
    expect(both).toMatchObject({ status: "deleted", suspension: { reason: "Unpaid" } });
    const restored = restoration(table, both, at);
    expect(restored.organization).toMatchObject({ status: "suspended", suspension: { reason: "Unpaid" } });
    expect(restored.event.data).toMatchObject({ status: "suspended", previous_status: "deleted" });
  });

  it.each([
    ["suspended twice", suspended, "suspension"],
    ["suspended when it is deleted", deleted, "suspension"],
    ["deleted twice", deleted, "deletion"],
    ["restored when it is active", active, "restoration"],
    ["restored when it is being erased", { ...deleted, status: "erasing" } as Organization, "restoration"],
    ["deleted when it is being erased", { ...deleted, status: "erasing" } as Organization, "deletion"],
    ["put on a plan when it is being erased", { ...deleted, status: "erasing" } as Organization, "plan"],
  ] as const)("is not %s, and the refusal names what it is", (_, read, move) => {
    const refusal = expect.objectContaining({ code: "conflict", options: { members: { state: read.status } } });
    const moves = {
      suspension: () => suspension(table, read, "Again", at),
      deletion: () => deletion(table, read, at),
      restoration: () => restoration(table, read, at),
      plan: () => planChange(table, read, "pro", at),
    };
    expect(moves[move]).toThrow(refusal);
  });

  it("gives rights while it is active, and says of no other but a suspended one that it is there", () => {
    const member = { status: "active", role: "org_owner" } as Membership;
    const answers = organizationStatuses.map((status) => {
      const rights = rightsFrom({ type: "user", id: "usr_x" }, { ...active, status }, member);
      return [status, "code" in rights ? rights.code : "rights"];
    });
    expect(Object.fromEntries(answers)).toEqual({
      active: "rights",
      suspended: "organization_suspended",
      deleted: "membership_inactive",
      erasing: "membership_inactive",
    });
  });
});
