import type { Platform } from "../../shared/http/platform.ts";
import { type RunDeps, runDeps } from "../runs/public.ts";

/** What it takes to start runs, to wait for them and to read them. */
export type PanelDeps = RunDeps;

export const panelDeps = (platform: Pick<Platform, "table" | "clock" | "log">): PanelDeps => runDeps(platform);
