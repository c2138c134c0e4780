import { defineResource } from "../../shared/http/resource.ts";
import { executed, readWholeRun } from "../runs/resources.ts";

/** A run in mode test, with its state and values. A live run is none of the panel's. */
export const testResource = defineResource({
  type: "run",
  path: ["run_id"],
  async read({ table, path }) {
    const found = await readWholeRun(table, String(path.run_id));
    return found?.run.mode === "test" ? found : undefined;
  },
  subject: ({ run }) => run,
  target: ({ run }) => executed(run),
});
