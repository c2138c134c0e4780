import { rmSync } from "node:fs";
import { devDir } from "./paths.ts";
import { stopRunning } from "./running.ts";

// Removes the local system's data, after ending it where it runs.
const ran = await stopRunning();
rmSync(devDir, { recursive: true, force: true, maxRetries: 5 });
console.log(`${ran ? "Stopped. " : ""}The local data is gone; npm start begins anew.`);
