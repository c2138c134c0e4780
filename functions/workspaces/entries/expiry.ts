import { connectPlatform } from "../../../shared/runtime.ts";
import * as consumers from "../consumers.ts";

const platform = connectPlatform("workspaces-expiry");

export const handler = async (): Promise<void> => {
  const count = await consumers.archiveExpired(platform, platform.clock.now());
  platform.log.info("workspace.expired", { count });
};
