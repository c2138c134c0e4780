import { declaredItems, type ItemDefinition } from "../../shared/dynamo/item.ts";
import { loadDeclaring } from "./declared.ts";

/** Every item type of the product: loads each module that declares one. */
export async function declaredItemsOfAllRooms(): Promise<readonly ItemDefinition[]> {
  await loadDeclaring("= defineItem(");
  return [...declaredItems()].sort((a, b) => (a.type < b.type ? -1 : 1));
}
