/** What the test panel uses of runs, beside what all rooms may: kept apart, so that nobody else loads it. */
export { prepareAgentTest, type TestedAgent } from "./agent.ts";
export { type Trial, triedRun } from "./prepare.ts";
