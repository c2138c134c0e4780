import { describe, expect, it } from "vitest";
import * as z from "zod";
import { newDefinition, storedRetrieval } from "../../../../functions/agents/model.ts";
import { snapshotContentSchema } from "../../../../functions/agents/versions/rules/snapshot.ts";

const agent = { name: "a", agent_type: "chat", model_id: "lab/none" };

describe("how contexts are used where nothing is said of it", () => {
  it("is by a search where they are too large, of a new agent; as before, of one that was there before", () => {
    const definition = z.object(newDefinition).parse(agent);
    expect(definition.retrieval.mode).toBe("auto");
    expect(storedRetrieval.parse(undefined).mode).toBe("off");
    const { retrieval: _, ...before } = definition;
    const version = snapshotContentSchema.parse({ definition: before, contexts: [], tools: [] });
    expect(version.definition.retrieval.mode).toBe("off");
  });
});
