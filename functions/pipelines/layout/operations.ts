import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { layoutResource } from "../resources.ts";
import { movesSchema, positionsSchema } from "./rules/positions.ts";

const path = z.object({ pipeline_id: idSchema("pipeline") });

const layoutView = z
  .object({ pipeline_id: idSchema("pipeline"), positions: positionsSchema })
  .meta({ id: "PipelineLayout", description: "Where the nodes of a pipeline are drawn, by node id." });

const about =
  "The layout is no part of a revision: a change makes no revision, no event and no audit entry, and what runs does not know of it.";
const errors = ["precondition_failed", "conflict", "payload_too_large"] as const;

export const layoutOperations = {
  getLayout: operation({
    id: "pipelines.get_layout",
    method: "GET",
    path: "/pipelines/{pipeline_id}/layout",
    summary: "Read where the nodes are drawn",
    description: "Nodes without a position were never placed; positions may be left of nodes that are gone.",
    permission: "pipelines:read",
    resource: layoutResource,
    request: { path },
    response: layoutView,
    success: 200,
    errors: [],
  }),
  replaceLayout: operation({
    id: "pipelines.replace_layout",
    method: "PUT",
    path: "/pipelines/{pipeline_id}/layout",
    summary: "Replace the whole layout",
    description: about,
    permission: "pipelines:update",
    resource: layoutResource,
    request: { path, body: z.strictObject({ positions: positionsSchema }) },
    response: layoutView,
    success: 200,
    errors,
  }),
  moveNodes: operation({
    id: "pipelines.move_nodes",
    method: "PATCH",
    path: "/pipelines/{pipeline_id}/layout",
    summary: "Move some nodes",
    description: `Nodes that are not named stay where they are; null forgets a position. ${about}`,
    permission: "pipelines:update",
    resource: layoutResource,
    request: { path, body: z.strictObject({ positions: movesSchema }) },
    response: layoutView,
    success: 200,
    errors,
  }),
} as const;
