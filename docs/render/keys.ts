import { type ItemDefinition, indexNames, type KeyTemplate } from "../../shared/dynamo/item.ts";
import { collisions } from "./key-collisions.ts";
import { code, generated, table } from "./markdown.ts";

/**
 * docs/keys.md: every item type and where it lives.
 * @throws when two types could meet in one key, or a list of one could return the other
 */
export function renderKeys(items: readonly ItemDefinition[]): string {
  const found = collisions(items);
  if (found.length > 0) throw new Error(`keys collide:\n${found.join("\n")}`);
  const key = ({ pk, sk }: KeyTemplate) => `${code(tenant(pk))}<br>${code(sk)}`;
  const rows = items.map((item) => [
    code(item.type),
    item.summary,
    key(item.key),
    indexNames
      .flatMap((index) => {
        const template = item.indexes[index];
        return template === undefined ? [] : [`${index}: ${key(template)}`];
      })
      .join("<br>"),
    item.expires === undefined ? "" : code(item.expires),
  ]);
  return [
    generated("every `defineItem`"),
    "# Keys of the table",
    "",
    "One table. Every partition key of the table and of its indexes begins with the tenant (`T#<organization>`, or the platform itself),",
    "so no query can reach another tenant's items. Numbers are padded to sort as text. An item that lacks a field of an index is not in it.",
    "",
    table(["Type", "What", "Partition and sort key", "Indexes", "Expires at"], rows),
    "",
  ].join("\n");
}

const tenant = (pk: string): string => (pk === "" ? "T#<tenant>" : `T#<tenant>#${pk}`);
