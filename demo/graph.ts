/** The pipeline of the story: sort the message, and answer a refund with two experts at the same time. */

const node = (id: string, kind: string, label: string, config: object = {}) => ({ id, kind, label, config });
const line = (source: string, target: string, source_handle?: string) => ({
  id: `${source}_${source_handle ?? "output"}_${target}`,
  source,
  target,
  ...(source_handle === undefined ? {} : { source_handle }),
});
const says = (word: string) => ({ path: "input.text", op: "contains", value: word });
const message = "run.input.message";
/** What the agents are told; the hint is for the scripted model of the local system. */
const told = 'run.input.message & " " & run.input.hint';

export interface Agents {
  readonly classifier: string;
  readonly policy: string;
  readonly orders: string;
}

export function supportGraph(agents: Agents) {
  return {
    nodes: [
      node("request", "input", "Customer's message", {
        schema: {
          type: "object",
          required: ["message"],
          properties: { message: { type: "string", minLength: 1 }, hint: { type: "string" } },
        },
      }),
      node("sort", "agent", "Sort the message", { agent_id: agents.classifier, input_mapping: told }),
      node("route", "router", "By topic", {
        branches: [
          { handle: "refund", label: "Refund", condition: says("refund") },
          { handle: "question", label: "Question", condition: says("question") },
        ],
        default: "other",
      }),
      node("policy", "agent", "What our policy says", { agent_id: agents.policy, input_mapping: told }),
      node("orders", "agent", "What the order system says", {
        agent_id: agents.orders,
        input_mapping: told,
      }),
      node("help", "transform", "Point to the help pages", {
        expression: `"Please see https://help.example.com for: " & ${message}`,
      }),
      node("person", "transform", "Hand over to a person", {
        expression: `"A colleague will answer: " & ${message}`,
      }),
      node("together", "merge", "One answer", { strategy: "concat", separator: "\n---\n" }),
      node("reply", "output", "Reply"),
    ],
    connections: [
      line("request", "sort"),
      line("sort", "route"),
      line("route", "policy", "refund"),
      line("route", "orders", "refund"),
      line("route", "help", "question"),
      line("route", "person", "other"),
      line("policy", "together"),
      line("orders", "together"),
      line("help", "together"),
      line("person", "together"),
      line("together", "reply"),
    ],
  };
}

/** The same with three mistakes: no default route, a way that goes in a circle, an agent that does not exist. */
export function brokenGraph(agents: Agents) {
  const graph = supportGraph({ ...agents, policy: agents.policy.replace(/.{6}$/, "000000") });
  const nodes = graph.nodes.map((each) => {
    if (each.id !== "route") return each;
    const { default: _, ...config } = each.config as { default?: string };
    return { ...each, config };
  });
  const connections = [...graph.connections.filter(({ target }) => target !== "person"), line("orders", "sort")];
  return {
    nodes: nodes.filter(({ id }) => id !== "person"),
    connections: connections.filter(({ source }) => source !== "person"),
  };
}
