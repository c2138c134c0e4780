import { beforeAll, expect, it } from "vitest";
import { agentItem, agentPurge } from "../../../functions/agents/store.ts";
import { pipelineItem, pipelinePurge } from "../../../functions/pipelines/store.ts";
import { timestamp } from "../../../shared/clock.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, eventually, registerCompany } from "../../support/api.ts";
import { tracesOf } from "../../support/leftovers.ts";
import { stackTable } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";
import { draftPipeline } from "../pipelines/graphs.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

const nouns = [
  {
    noun: "agent",
    item: agentItem,
    due: agentPurge,
    make: async () => `/agents/${(await createAgent(company, { system_prompt: "p".repeat(6_000) })).id}`,
  },
  { noun: "pipeline", item: pipelineItem, due: pipelinePurge, make: () => draftPipeline(company) },
] as const;

it.each(nouns)("the deployed function erases an archived $noun, with the rights that it has", async (of) => {
  const path = await of.make();
  const id = path.split("/").at(-1) ?? "";
  expect((await company.call("DELETE", path)).status).toBe(204);
  const table = stackTable().of(company.organization_id);
  /** As if the next step were due now. */
  const hurry = async () => {
    const now = new Date();
    const set = { purge_at: timestamp(now) };
    await table.transact([
      table.writes.update(of.item as typeof agentItem, { id }, { set }),
      of.due.set(table, id, now),
    ]);
    await sweepDue();
  };
  await hurry();
  await eventually(
    async () => ((await company.call("GET", path)).body.status === "purging" ? true : undefined),
    "it is claimed",
  );
  await hurry();
  const left = await eventually(async () => {
    const { types, files } = await tracesOf(id);
    const own = types.filter((type) => !["audit_entry", "event"].includes(type));
    return own.length === 0 ? { files } : undefined;
  }, "it is gone");
  expect(left.files).toEqual([]);
  expect((await company.call("GET", path)).status).toBe(404);
});
