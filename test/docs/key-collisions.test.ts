import { describe, expect, it } from "vitest";
import * as z from "zod";
import { declaredItemsOfAllRooms } from "../../docs/render/items.ts";
import { collisions } from "../../docs/render/key-collisions.ts";
import type { ItemDefinition, KeyTemplate } from "../../shared/dynamo/item.ts";
import { idSchema } from "../../shared/ids.ts";

const schema = z.object({
  id: z.string(),
  agent_id: idSchema("agent"),
  run_id: idSchema("run"),
  state: z.enum(["open", "closed"]),
  number: z.number(),
});
const item = (type: string, pk: string, sk: string, gsi1?: KeyTemplate): ItemDefinition => ({
  type,
  summary: "",
  schema,
  key: { pk, sk },
  json: [],
  indexes: gsi1 === undefined ? {} : { gsi1 },
});

describe("keys of the table", () => {
  it("no two item types of the product can meet", async () => {
    const items = await declaredItemsOfAllRooms();
    expect(items.length).toBeGreaterThan(10);
    expect(collisions(items)).toEqual([]);
  });

  it.each([
    ["the same templates", item("a", "X#{id}", "Y"), item("b", "X#{id}", "Y")],
    ["a placeholder that can be the other's text", item("a", "X", "{id}"), item("b", "X", "META")],
    ["placeholders with a common value", item("a", "X", "{state}"), item("b", "X", "{id}")],
  ])("finds a common primary key: %s", (_, a, b) => {
    expect(collisions([a, b]).join()).toContain("same primary key");
  });

  it.each([
    ["the other's key goes on", item("a", "X", "RUN#{id}"), item("b", "X", "RUN#{id}#STEP")],
    ["a list of a whole partition", item("a", "X", "{run_id}"), item("b", "X", "{agent_id}#CHILD")],
    ["a shorter word", item("a", "X", "AGENT{id}"), item("b", "X", "AGENT_NAME#{id}")],
    [
      "an index",
      item("a", "X", "A", { pk: "LIST", sk: "{number}" }),
      item("b", "Y", "B", { pk: "LIST", sk: "META#{id}" }),
    ],
  ])("finds a list that would return another type: %s", (_, a, b) => {
    expect(collisions([a, b]).join()).toContain("a list of a");
  });

  it.each([
    ["other words", item("a", "X", "RUN#{id}"), item("b", "X", "STEP#{id}")],
    ["other partitions", item("a", "X#{id}", "{number}"), item("b", "Y#{id}", "{number}")],
    ["more parts", item("a", "X", "A"), item("b", "X#{id}", "A")],
    ["ids of other kinds", item("a", "X#{agent_id}", "A"), item("b", "X#{run_id}", "A")],
    ["a closed list without the word", item("a", "X", "A"), item("b", "Y", "B", { pk: "{state}", sk: "A" })],
  ])("lets pass what cannot meet: %s", (_, a, b) => {
    expect(collisions([a, b])).toEqual([]);
  });

  it("two types of one name are a mistake", () => {
    expect(collisions([item("a", "X", "A"), item("a", "Y", "A")])).toEqual(["two item types are called a"]);
  });
});
