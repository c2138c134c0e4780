import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger } from "../../../shared/http/schemas.ts";
import { agentPath } from "../model.ts";
import { wholeAgentResource } from "../resources.ts";
import { retrievalStateSchema } from "./model.ts";

const query = z.strictObject({
  version: decimalInteger({ min: 1 }).optional().meta({ description: "Left out: the working copy.", example: 3 }),
});

export const retrievalOperations = {
  getRetrieval: operation({
    id: "agents.get_retrieval",
    method: "GET",
    path: "/agents/{agent_id}/retrieval",
    summary: "Read how an agent's contexts are used, and how far they are indexed",
    description:
      "Of the working copy, or of a version. Contexts that together fit into the budget are sent whole with every message. Of larger ones the passages are sent that are most like the message; they are indexed soon after each change, and a call is refused until that is done.",
    permission: "agents:read",
    resource: wholeAgentResource,
    request: { path: agentPath, query },
    response: retrievalStateSchema,
    success: 200,
    errors: [],
  }),
  indexContexts: operation({
    id: "agents.index_contexts",
    method: "POST",
    path: "/agents/{agent_id}/retrieval/index",
    summary: "Index an agent's contexts where that has failed",
    description:
      "For contexts whose index has failed, once what was wrong is mended: of a version, or else of the working copy and of the active version. What is indexed already stays and costs nothing again.",
    permission: "agents:update",
    resource: wholeAgentResource,
    request: { path: agentPath, query },
    response: retrievalStateSchema,
    success: 202,
    location: "/agents/{agent_id}/retrieval",
    errors: ["conflict"],
    rate_class: "execute",
  }),
} as const;
