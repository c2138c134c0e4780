import { afterAll, beforeAll, expect, it } from "vitest";
import { runItem } from "../../../functions/runs/store.ts";
import { eventually } from "../../support/api.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";
import { graphOf, lab, pipelineWith, testRun } from "../runs/setup.ts";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

it("a suspension stops requests and runs at once and holds deliveries back; the restoration brings them", async () => {
  const { company, agent_id } = await lab();
  const own = stackTable().of(company.organization_id);
  const events = ["organization.suspended", "organization.restored"];
  const webhook = { name: "Standing", url: `${receiver.url}/standing`, events };
  expect((await company.call("POST", "/webhooks", webhook)).status).toBe(201);
  const config = { agent_id, input_mapping: '"[[fail:503]]"', retry: { max_attempts: 3, backoff_ms: 60_000 } };
  const nodes = [
    { id: "in", kind: "input" },
    { id: "agent", kind: "agent", config },
    { id: "never", kind: "agent", config: { agent_id, input_mapping: '"second"' } },
    { id: "out", kind: "output" },
  ];
  const graph = graphOf(nodes, [
    ["in", "agent"],
    ["agent", "never"],
    ["never", "out"],
  ]);
  const run_id = await testRun(company, await pipelineWith(company, graph));
  const run = async (status: string) =>
    (await own.get(runItem, { id: run_id }))?.status === status ? true : undefined;
  await eventually(async () => {
    const { items } = (await company.call("GET", `/runs/${run_id}/steps?node_id=agent`)).body;
    return items.find(({ status }: { status: string }) => status === "waiting");
  }, "the run waits for a retry");

  await stand(company.organization_id, "suspend");
  const refused = await company.call("GET", "/agents");
  expect([refused.status, refused.body.code]).toEqual([403, "organization_suspended"]);
  await eventually(() => run("stopped"), "the run is stopped");
  expect(receiver.at("/standing")).toEqual([]);

  await stand(company.organization_id, "restore");
  await eventually(async () => (receiver.at("/standing").length === 2 ? true : undefined), "both events are delivered");
  expect(
    receiver
      .at("/standing")
      .map(({ event }) => event.type)
      .sort(),
  ).toEqual(events.toSorted());
  const stopped = (await company.call("GET", `/runs/${run_id}`)).body;
  expect(stopped).toMatchObject({ status: "stopped", error: { code: "organization_suspended" } });
  const trail = await company.call("GET", `/audit/resources/organization/${company.organization_id}`);
  const actions = trail.body.items.map(({ action, reason }: { action: string; reason: string | null }) => [
    action,
    reason,
  ]);
  expect(actions).toEqual(
    expect.arrayContaining([
      ["organization.suspended", "Unpaid"],
      ["organization.restored", null],
    ]),
  );
});
