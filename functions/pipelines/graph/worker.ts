import { serveTasks } from "../../../shared/bounded/worker.ts";
import { contentIssuesHere } from "./rules/contents.ts";
import type { Graph } from "./rules/nodes.ts";
import { validateGraph } from "./rules/validate.ts";
import type { ValidationInput } from "./run.ts";

serveTasks({
  contents: (graph: Graph) => contentIssuesHere(graph),
  validate: ({ graph, pattern, agents, answers }: ValidationInput) =>
    validateGraph(graph, { pattern, agents: new Map(agents), answers: new Map(answers) }),
});
