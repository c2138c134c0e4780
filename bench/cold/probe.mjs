import { writeSync } from "node:fs";

// Loads a bundle as the Lambda runtime does and reports that its handler is there. An error is told in one line: the
// runtime's own report would show the minified bundle.
try {
  const { handler } = await import(process.argv[2]);
  if (typeof handler !== "function") throw new Error("no handler");
  writeSync(1, "ready\n");
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
process.exit(0);
