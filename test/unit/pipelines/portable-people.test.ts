import { expect, it } from "vitest";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/public.ts";
import {
  graphFrom,
  shownPipeline,
  unsuppliedIn,
  withStoredSecrets,
} from "../../../functions/pipelines/portable/public.ts";

const USER = "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const TEAM = "tem_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

const graphOf = (config: object): Graph =>
  graphSchema.parse({ nodes: [{ id: "ask", kind: "approval", label: "Ask", config }], connections: [] });

const asks = graphOf({
  approvers: { users: [USER], roles: ["org_owner"] },
  escalate: { after_seconds: 600, to: { teams: [TEAM] } },
});
const pipeline = {
  name: "P",
  description: "",
  pattern: "sequential" as const,
  tags: [],
  max_concurrent_runs: null,
  positions: {},
};
const documentOf = (graph: Graph) =>
  shownPipeline({ ...pipeline, graph }, () => undefined).graph as Readonly<Record<string, unknown>>;

it("a document names nobody of the organization; whoever is to be named is told where", () => {
  const sent = documentOf(asks);
  expect(JSON.stringify(sent)).not.toMatch(/usr_|tem_/);
  const { graph, issues } = graphFrom(sent, () => undefined);
  expect(issues).toEqual([]);
  expect(graph?.nodes[0]?.config).toMatchObject({
    approvers: { users: [], roles: ["org_owner"] },
    escalate: { to: { teams: [] } },
  });
  expect(graph && unsuppliedIn(graph)).toEqual([
    "graph.nodes.ask.config.approvers.users",
    "graph.nodes.ask.config.escalate.to.teams",
  ]);
});

it("a document that names people by ids of another organization is refused where it does", () => {
  const { issues } = graphFrom(JSON.parse(JSON.stringify(asks)), () => undefined);
  expect(issues.map(({ path }) => path)).toEqual([
    "nodes.0.config.approvers.users",
    "nodes.0.config.escalate.to.teams",
  ]);
});

it("who is named here stays so when a document comes over it", () => {
  const { graph } = graphFrom(documentOf(asks), () => undefined);
  expect(graph && withStoredSecrets(graph, asks)).toEqual(asks);
  expect(documentOf(asks)).toEqual(documentOf(graph ?? asks));
});
