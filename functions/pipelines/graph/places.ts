/** What a request's body is: a whole graph, or one node of it. */
export type GraphBody = "graph" | "node";

/** The path of a node's field in the body that brought it, for the issues of a refusal. */
export const placeOf = (body: GraphBody, index: number, field: string): string =>
  body === "node" ? field : `nodes.${index}.${field}`;
