import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { revisionNumber } from "../model.ts";
import { headResource } from "../resources.ts";
import { directions } from "./rules/picture.ts";
import { MOST_DRAWN } from "./rules/scene.ts";
import { themeQuery } from "./rules/theme.ts";

const path = z.object({ pipeline_id: idSchema("pipeline") });

const query = {
  revision: decimalInteger({ min: 1 }).pipe(revisionNumber).optional().meta({ description: "Else the newest one." }),
  direction: z
    .enum(directions)
    .meta({ id: "DrawingDirection" })
    .default("right")
    .meta({ description: "Which way the connections lead." }),
};

const bounds = `Of at most ${MOST_DRAWN.nodes} nodes and ${MOST_DRAWN.connections} connections. Of the graph it shows labels, kinds and connections, no prompts and no values. An \`If-None-Match\` with the ETag of the picture that you have is answered by 304.`;

export const drawingOperations = {
  drawSvg: operation({
    id: "pipelines.draw_svg",
    method: "GET",
    path: "/pipelines/{pipeline_id}/graph.svg",
    summary: "Draw the graph as a picture",
    description: `SVG, without scripts or anything from outside. ${bounds}`,
    permission: "pipelines:read",
    resource: headResource,
    request: {
      path,
      query: z.strictObject({
        ...query,
        theme: themeQuery,
      }),
    },
    response: "file",
    media_types: ["image/svg+xml; charset=utf-8"],
    success: 200,
    errors: ["graph_too_large"],
  }),
  drawMermaid: operation({
    id: "pipelines.draw_mermaid",
    method: "GET",
    path: "/pipelines/{pipeline_id}/graph.mmd",
    summary: "Write the graph as a Mermaid flow chart",
    description: `For Markdown, where a code block \`mermaid\` is drawn. ${bounds}`,
    permission: "pipelines:read",
    resource: headResource,
    request: { path, query: z.strictObject(query) },
    response: "file",
    media_types: ["text/vnd.mermaid; charset=utf-8"],
    success: 200,
    errors: ["graph_too_large"],
  }),
} as const;
