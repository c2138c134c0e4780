import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { PipelineDeps } from "../deps.ts";
import { MAX_LAYOUT_BYTES, refuseArchived } from "../model.ts";
import type { operations } from "../operations.ts";
import type { Drawing } from "../resources.ts";
import { type Layout, layoutItem } from "../store.ts";
import { moved, type Positions } from "./rules/positions.ts";

type Ops = typeof operations;

/** The entity tag of a layout that nobody has written yet, so that the first write can lose a race too. */
const UNPLACED = "unplaced";

const shown = ({ pipeline, layout }: Drawing) => ({
  pipeline_id: pipeline.id,
  positions: layout?.positions ?? {},
  etag: layout?.etag ?? UNPLACED,
});

export const getLayout: Handler<Ops["getLayout"], PipelineDeps> = async (call) => shown(await call.load());

/** Reads, changes and replaces the layout. One write without event and audit entry: where a node is drawn changes nothing. */
function change(
  call: Call<Ops["replaceLayout"]> | Call<Ops["moveNodes"]>,
  { table }: PipelineDeps,
  next: (positions: Positions) => Positions,
) {
  const tenant = table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const old = await call.load(how);
    const { pipeline, layout } = old;
    refuseArchived(pipeline);
    requireMatch(call.if_match, shown(old).etag);
    const positions = next(layout?.positions ?? {});
    if (Buffer.byteLength(JSON.stringify(positions)) > MAX_LAYOUT_BYTES)
      throw new Problem(
        "payload_too_large",
        `A layout has at most ${MAX_LAYOUT_BYTES} bytes as JSON. Use shorter ids.`,
      );
    const placed: Layout = { pipeline_id: pipeline.id, positions, etag: newEtag(call.at) };
    await tenant.apply(
      layoutItem,
      layout === undefined
        ? tenant.writes.create(layoutItem, placed, lostRace)
        : tenant.writes.replace(layoutItem, placed, layout.etag),
    );
    return shown({ pipeline, layout: placed });
  });
}

export const replaceLayout: Handler<Ops["replaceLayout"], PipelineDeps> = (call, deps) =>
  change(call, deps, () => call.body.positions);

export const moveNodes: Handler<Ops["moveNodes"], PipelineDeps> = (call, deps) =>
  change(call, deps, (positions) => moved(positions, call.body.positions));
