/** What other rooms may use of circuits: only who calls models loads it. */
export { type CircuitFacts, circuitFacts, circuitMeter } from "./meter.ts";
