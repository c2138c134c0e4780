import { declaredStates, type StateTable } from "../../shared/states.ts";
import { loadDeclaring } from "./declared.ts";
import { code, generated, table } from "./markdown.ts";

/** Every table of states of the product: loads each module that declares one. */
export async function declaredStatesOfAllRooms(): Promise<readonly StateTable[]> {
  await loadDeclaring("= defineStates(");
  return [...declaredStates()].sort((a, b) => (a.noun < b.noun ? -1 : 1));
}

/** docs/states.md: the states of each noun, and what leads from one to another. */
export function renderStates(all: readonly StateTable[]): string {
  const nouns = all.map(({ noun, moves, ends }) =>
    [
      `## ${noun}`,
      "",
      table(
        ["From", "To", "Why"],
        moves.map(({ from, to, why }) => [from.length === 0 ? "(new)" : from.map(code).join(", "), code(to), why]),
      ),
      "",
      ends.length === 0 ? "No state is final." : `Final: ${ends.map(code).join(", ")}.`,
      "",
    ].join("\n"),
  );
  return [
    generated("every `defineStates`"),
    "# States",
    "",
    "What is not in a table does not happen: each change of state is a write on the condition that the state before is one of",
    "those named here. A request that needs another state is refused with 409 `conflict`, which names the actual one.",
    "",
    ...nouns,
  ].join("\n");
}
