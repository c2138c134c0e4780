import { writeSync } from "node:fs";

// Loads a bundle as the Lambda runtime does and reports that its handler is there.
const { handler } = await import(process.argv[2]);
if (typeof handler !== "function") process.exit(1);
writeSync(1, "ready\n");
process.exit(0);
