import { describe, expect, it } from "vitest";
import { changedTools, type PinnedTool, waitingTools } from "../../../functions/agents/tools/pins.ts";
import { newId } from "../../../shared/ids.ts";
import { stackTable } from "../../support/stack.ts";

const at = new Date("2026-11-15T12:00:00.000Z");
const tool = (description: string) => ({ name: "search", description, parameters: { type: "object" } });
const setUp = () => {
  const table = stackTable().of(newId("organization", at));
  const agent_id = newId("agent", at);
  const tool_id = newId("agent_tool", at);
  const look = (version: number | null, description: string, more: Partial<PinnedTool> = {}) =>
    changedTools(
      table,
      { agent_id, tool_id, version, server: "https://a.example/mcp", ...more },
      [tool(description)],
      new Set(["search"]),
      at,
    );
  return { table, agent_id, tool_id, look, waiting: () => waitingTools(table, agent_id, tool_id) };
};

describe("what a server says of its tools", () => {
  it("may all change at once in as many words as it likes: the pins stay within what the table takes", async () => {
    const { table, agent_id, tool_id } = setUp();
    const names = Array.from({ length: 170 }, (_, i) => `${"検".repeat(120)}${i}`);
    const look = (description: string) =>
      changedTools(
        table,
        { agent_id, tool_id, version: null, server: "https://a.example/mcp" },
        names.map((name) => ({ name, description, parameters: {} })),
        new Set(names),
        at,
      );
    expect((await look("One.")).size).toBe(0);
    expect((await look("漢".repeat(2_000))).size).toBe(170);
    expect(await waitingTools(table, agent_id, tool_id)).toHaveLength(170);
  });

  it("is pinned by many first runs at once, and a change is quarantined and shown", async () => {
    const { look, waiting } = setUp();
    const looks = await Promise.all(Array.from({ length: 8 }, () => look(null, "One.")));
    for (const changed of looks) expect(changed.size).toBe(0);
    expect(await look(null, "Two.")).toEqual(new Set(["search"]));
    expect(await waiting()).toMatchObject([{ version: null, name: "search", description: "Two." }]);
  });

  it("is pinned for a version as the working copy has accepted it, not as it is at the version's first run", async () => {
    const { look, waiting } = setUp();
    await look(null, "One.");
    expect(await look(3, "Two.")).toEqual(new Set(["search"]));
    expect(await look(3, "One.")).toEqual(new Set());
    expect(await waiting()).toEqual([]);
  });

  it("of another server begins anew", async () => {
    const { look } = setUp();
    await look(null, "One.");
    expect((await look(null, "Two.", { server: "https://b.example/mcp" })).size).toBe(0);
    expect(await look(null, "Three.", { server: "https://b.example/mcp" })).toEqual(new Set(["search"]));
  });
});
