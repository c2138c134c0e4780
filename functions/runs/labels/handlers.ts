import { changedFields, draft } from "../../../shared/change/events.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { RunReads } from "../deps.ts";
import { runEvents } from "../events.ts";
import { aboutRun } from "../log/entries.ts";
import { summaryOf } from "../model.ts";
import { requireAgents } from "../start/begin.ts";
import { runItem, runLabelItem } from "../store.ts";
import type { labelOperations } from "./operations.ts";

type Ops = typeof labelOperations;

/** The run and the items by which it is found change together, from the labels that were read. */
export const setLabels: Handler<Ops["setLabels"], Pick<RunReads, "table">> = async (call, deps) => {
  const own = deps.table.of(call.context.tenant);
  const { labels } = call.body;
  const { run, state } = await call.load();
  requireAgents(call, run);
  if (run.parent_run_id !== null)
    throw new Problem("conflict", `The run is within the run ${run.root_run_id}; label that one.`, {
      members: { root_run_id: run.root_run_id },
    });
  const next = { ...run, labels };
  const changes = changedFields(run, next);
  const answer = summaryOf(next, state);
  if (changes.length === 0) return answer;
  const { id: run_id, expires_at } = run;
  const gone = run.labels.filter((label) => !labels.includes(label));
  const come = labels.filter((label) => !run.labels.includes(label));
  const as_read: Condition = {
    any: [{ equals: { labels: run.labels } }, ...(run.labels.length === 0 ? [{ absent: ["labels"] }] : [])],
  };
  return call.commit(
    {
      writes: [
        own.writes.update(runItem, { id: run_id }, { set: { labels } }, as_read, changedMeanwhile),
        ...gone.map((label) => own.writes.remove(runLabelItem, { label, run_id }, {})),
        ...come.map((label) => own.writes.put(runLabelItem, { label, run_id, expires_at })),
      ],
      events: [
        draft(
          runEvents,
          "run.updated",
          { id: run_id },
          { ...aboutRun(run), changed_fields: changes.map(({ field }) => field) },
          { changes },
        ),
      ],
    },
    answer,
  );
};

const changedMeanwhile = (): Problem =>
  new Problem("conflict", "Somebody else changed the run's labels at the same moment. Read them and set them again.");
