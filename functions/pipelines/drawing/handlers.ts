import { createHash } from "node:crypto";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import type { PipelineDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { openRevision } from "../revisions/revision.ts";
import { type Pipeline, type Revision, revisionOf } from "../store.ts";
import { mermaidOf } from "./rules/mermaid.ts";
import { type Heading, PICTURE } from "./rules/picture.ts";
import { MOST_DRAWN, type Scene, sceneOf } from "./rules/scene.ts";
import { POLICY } from "./rules/xml.ts";
import { picture } from "./run.ts";

type Ops = typeof operations;

/** @throws Problem `graph_too_large` */
function requireDrawable({ node_count, connection_count }: Revision): void {
  if (node_count <= MOST_DRAWN.nodes && connection_count <= MOST_DRAWN.connections) return;
  throw new Problem(
    "graph_too_large",
    `It has ${node_count} nodes and ${connection_count} connections; drawn are up to ${MOST_DRAWN.nodes} and ${MOST_DRAWN.connections}.`,
    { members: { node_count, connection_count, limits: MOST_DRAWN } },
  );
}

/** The number of things with their word, as in "1 node" and "2 nodes". */
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const headingOf = ({ name }: Pipeline, { revision, node_count, connection_count }: Revision): Heading => ({
  title: name,
  caption: `Revision ${revision} · ${counted(node_count, "node")} · ${counted(connection_count, "connection")}`,
});

/**
 * One drawing of a revision. Its ETag is known before it is drawn: of the graph, of what is written above it, of how it
 * was asked for, and of how this code draws.
 */
async function drawn<const T extends string>(
  call: Pick<Call<Ops["drawSvg"] | Ops["drawMermaid"]>, "load" | "context" | "query" | "if_none_match">,
  { table, blobs }: PipelineDeps,
  content_type: T,
  draw: (scene: Scene, heading: Heading) => Promise<string> | string,
): Promise<FileAnswer<T>> {
  const { pipeline, newest } = await call.load();
  const { revision = newest.revision } = call.query;
  const record =
    revision === newest.revision ? newest : await revisionOf(table.of(call.context.tenant), pipeline.id, revision);
  requireDrawable(record);
  const heading = headingOf(pipeline, record);
  const what = JSON.stringify([PICTURE, content_type, record.graph_hash, heading, call.query]);
  const tag = createHash("sha256").update(what).digest("hex").slice(0, 32);
  const has = call.if_none_match === "*" || call.if_none_match?.includes(tag) === true;
  const headers = { etag: `"${tag}"`, "cache-control": "private, no-cache", "content-security-policy": POLICY };
  if (has) return { content_type, content: "", unchanged: true, headers };
  const { graph } = await openRevision(blobs, record);
  return { content_type, content: await draw(sceneOf(graph), heading), headers };
}

export const drawSvg: Handler<Ops["drawSvg"], PipelineDeps> = (call, deps) => {
  const { theme, direction } = call.query;
  return drawn(call, deps, "image/svg+xml; charset=utf-8", (scene, heading) =>
    picture({ scene, heading, theme, direction }),
  );
};

export const drawMermaid: Handler<Ops["drawMermaid"], PipelineDeps> = (call, deps) =>
  drawn(call, deps, "text/vnd.mermaid; charset=utf-8", (scene, { title }) =>
    mermaidOf(scene, title, call.query.direction),
  );
