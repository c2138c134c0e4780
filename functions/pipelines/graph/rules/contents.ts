import type { Issue } from "../../../../shared/errors.ts";
import { issuesOf } from "../../../../shared/http/parse.ts";
import { type Graph, graphSchema } from "./nodes.ts";

/**
 * What is wrong inside the configs and conditions of a graph whose shape has been parsed: patterns and schemas that do
 * not compile. Works in the thread that asks, whatever it costs.
 */
export const contentIssuesHere = (graph: Graph): Issue[] => issuesOf(graphSchema, graph);
