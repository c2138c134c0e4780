import type { Clock } from "../../shared/clock.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { type RunReads, runReads } from "../runs/public.ts";

/** What it takes to start runs: their workflow is started by the consumer of `run.started`. */
export interface ScheduleDeps extends RunReads {
  readonly clock: Clock;
}

export const scheduleDeps = (platform: Pick<Platform, "table" | "clock">): ScheduleDeps => ({
  ...runReads(platform),
  clock: platform.clock,
});
