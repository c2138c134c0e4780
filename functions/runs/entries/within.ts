import * as z from "zod";
import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { endWithin } from "../calls/ending.ts";
import { runControl } from "../deps.ts";

const platform = connectWorker("runs-within");
const deps = runControl(platform);

export const handler = consume(platform.log, ({ organization_id, data }) =>
  endWithin(deps.table.of(organization_id), z.string().parse(data.run_id), deps),
);
