import { expect, it } from "vitest";
import { room } from "../../../functions/organizations/room.ts";
import { filePurposes } from "../../../shared/blobs/purposes.ts";
import type { FunctionData } from "../../../shared/room.ts";

it("whoever erases an organization may remove its files, whatever they are there for", () => {
  const functions = Object.values<FunctionData>(room.functions).filter(({ needs }) => needs.includes("table_erase"));
  expect(functions).toHaveLength(1);
  for (const purpose of filePurposes) expect(functions[0]?.needs).toContain(`files_remove:${purpose}`);
});
