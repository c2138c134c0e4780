import * as z from "zod";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { endWithin } from "../calls/ending.ts";
import { runControl } from "../deps.ts";

const platform = connectPlatform("runs-within");
const deps = runControl(platform);

export const handler = consume(platform.log, ({ organization_id, data }) =>
  endWithin(deps.table.of(organization_id), z.string().parse(data.run_id), deps),
);
