import type { Platform } from "../../shared/http/platform.ts";
import { type RunDeps, runDeps } from "../runs/trial/public.ts";

/** What it takes to start runs, to wait for them and to read them, and to seal what a draft brings. */
export type PanelDeps = RunDeps & Pick<Platform, "secrets">;

export const panelDeps = (platform: Platform): PanelDeps => ({ ...runDeps(platform), secrets: platform.secrets });
