import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { themeQuery } from "../../pipelines/drawing/public.ts";
import { runResource } from "../resources.ts";
import { MOST_ATTEMPTS, timelineView } from "./rules/timeline.ts";

const path = z.object({ run_id: idSchema("run") });
const bound = `Of at most ${MOST_ATTEMPTS} attempts; skipped steps are left out.`;

export const timelineOperations = {
  timeline: operation({
    id: "runs.timeline",
    method: "GET",
    path: "/runs/{run_id}/timeline",
    summary: "When each step of a run worked and waited",
    description: `Data for drawing, in milliseconds from the request on. ${bound}`,
    permission: "runs:read",
    resource: runResource,
    request: { path },
    response: timelineView,
    success: 200,
    served_by: "reads",
    errors: ["run_too_large"],
  }),
  drawTimeline: operation({
    id: "runs.draw_timeline",
    method: "GET",
    path: "/runs/{run_id}/timeline.svg",
    summary: "Draw when each step of a run worked and waited",
    description: `SVG, without scripts or anything from outside: ids of nodes and times, no values. ${bound} An \`If-None-Match\` with the ETag of the picture that you have is answered by 304.`,
    permission: "runs:read",
    resource: runResource,
    request: {
      path,
      query: z.strictObject({
        theme: themeQuery,
      }),
    },
    response: "file",
    media_types: ["image/svg+xml; charset=utf-8"],
    success: 200,
    served_by: "reads",
    errors: ["run_too_large"],
  }),
} as const;
