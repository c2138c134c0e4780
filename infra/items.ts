import { declaredItemsOfAllRooms } from "../docs/render/items.ts";
import { type ItemDefinition, keyPattern } from "../shared/dynamo/item.ts";

const items = new Map<string, ItemDefinition>(
  (await declaredItemsOfAllRooms()).map((definition) => [definition.type, definition]),
);

/** Partition keys under which a function may write, as IAM compares them. */
export interface WritableKeys {
  /** New items. */
  readonly add: readonly string[];
  /** Items that it may change and remove too. */
  readonly change: readonly string[];
}

/**
 * The keys of these types of items.
 * @throws for a type that no module declares
 */
export function writableKeys(types: readonly string[]): WritableKeys {
  const definitions = types.map((type) => {
    const definition = items.get(type);
    if (definition === undefined) throw new Error(`a function writes ${type}, which is no type of item`);
    return definition;
  });
  const patterns = (of: readonly ItemDefinition[]) => [...new Set(of.map(keyPattern))].sort();
  return { add: patterns(definitions), change: patterns(definitions.filter(({ append_only }) => !append_only)) };
}
