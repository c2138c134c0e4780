import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { termWrites } from "../../../functions/organizations/finding/store.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { organizationNamed } from "../../support/organization.ts";

const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-central-1" })));
const ID = "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const acme = { ...organizationNamed(ID), name: "Ácme  Works", slug: "acme-works" };

const shown = (writes: readonly Write[]) =>
  writes.map(({ item }) => {
    const key = (item.Put?.Item ?? item.Delete?.Key ?? {}) as { pk?: string; sk?: string };
    expect(key.pk).toBe("T#platform#ORGANIZATION_TERMS");
    return `${item.Put === undefined ? "-" : "+"}${key.sk?.split("#")[0]}`;
  });

describe("what an organization is found by", () => {
  it("is its name and its slug, once where they are the same", () => {
    expect(shown(termWrites(table, undefined, acme))).toEqual(["+acme works", "+acme-works"]);
    expect(shown(termWrites(table, undefined, { ...acme, name: "ACME-Works" }))).toEqual(["+acme-works"]);
  });

  it("follows a new name, and what a list shows of it", () => {
    expect(shown(termWrites(table, acme, { ...acme, name: "Bolts" }))).toEqual([
      "-acme works",
      "+acme-works",
      "+bolts",
    ]);
    expect(shown(termWrites(table, acme, { ...acme, plan: "enterprise" }))).toEqual(
      acme.plan === "enterprise" ? [] : ["+acme works", "+acme-works"],
    );
  });

  it("is left alone by every other change", () => {
    const other = { ...acme, settings: { ...acme.settings, version: 9 }, updated_at: "x", etag: "y" };
    expect(termWrites(table, acme, other)).toEqual([]);
  });
});
