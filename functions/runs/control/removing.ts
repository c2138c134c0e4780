import { draft, type EventDraft } from "../../../shared/change/events.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { runEvents } from "../events.ts";
import { aboutRun } from "../log/entries.ts";
import { runStates } from "../model.ts";
import { runItem, runLabelItem, runStateItem, type StoredRun } from "../store.ts";

/**
 * The writes by which a run that is over is gone; what belongs to it is cleared away by the consumer of `run.deleted`.
 * @throws Problem `conflict` when committed, where it still goes on; `not_found` where it is gone
 */
export const runRemoval = (
  table: TenantTable,
  { id, parent_run_id, labels }: Pick<StoredRun, "id" | "parent_run_id" | "labels">,
): Write[] => [
  // Whoever waits for it has to find it.
  ...(parent_run_id === null
    ? []
    : [
        table.writes.check(
          runItem,
          { id: parent_run_id },
          { any: [{ exists: false }, { one_of: { status: runStates.ends } }] },
          () =>
            new Problem("conflict", `The run ${parent_run_id} that it belongs to still goes on. Stop that one first.`, {
              members: { parent_run_id },
            }),
        ),
      ]),
  table.writes.remove(runItem, { id }, { one_of: { status: runStates.ends } }, (old) =>
    old === undefined ? notFound() : runStates.refusal(old.status, runStates.ends),
  ),
  table.writes.remove(runStateItem, { run_id: id }),
  ...labels.map((label) => table.writes.remove(runLabelItem, { label, run_id: id }, {})),
];

export const runDeleted = (run: StoredRun): EventDraft =>
  draft(runEvents, "run.deleted", { id: run.id }, aboutRun(run));
