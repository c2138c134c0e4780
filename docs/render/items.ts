import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { declaredItems, type ItemDefinition } from "../../shared/dynamo/item.ts";

const root = join(import.meta.dirname, "../..");

/** Every item type of the product: loads each module that declares one. */
export async function declaredItemsOfAllRooms(): Promise<readonly ItemDefinition[]> {
  const modules = globSync(["functions/**/*.ts", "shared/**/*.ts"], { cwd: root })
    .filter((file) => readFileSync(join(root, file), "utf8").includes("= defineItem("))
    .sort();
  for (const module of modules) await import(join(root, module));
  return [...declaredItems()].sort((a, b) => (a.type < b.type ? -1 : 1));
}
