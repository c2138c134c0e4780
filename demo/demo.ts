import { connect } from "./system.ts";

// Stories through the product's HTTP API only: `npm run demo`, `npm run demo -- people`, `npm run demo -- patterns`,
// `npm run demo -- tests`, `npm run demo -- access`. They use the system that `npm start` runs, and start it where none runs. What one makes belongs to companies of its own, so it can be told again.

const stories: Readonly<Record<string, () => Promise<{ tell(gateway: string): Promise<boolean> }>>> = {
  support: () => import("./support.ts"),
  people: () => import("./people.ts"),
  patterns: () => import("./patterns.ts"),
  tests: () => import("./tests.ts"),
  access: () => import("./access.ts"),
};

const name = process.argv[2] ?? "support";
const story = Object.hasOwn(stories, name) ? stories[name] : undefined;
if (story === undefined) {
  console.error(`There is no story "${name}"; there are ${Object.keys(stories).join(", ")}.`);
  process.exit(1);
}
const gateway = await connect();
if (gateway === undefined) {
  console.error("The local system does not run: npm start, then npm run demo again.");
  process.exit(1);
}
const { tell } = await story();
process.exitCode = (await tell(gateway)) ? 0 : 1;
