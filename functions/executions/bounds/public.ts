/** What may be known of an execution before it is made, without what it takes to make one. */
export { MAX_STEPS } from "../run/rules/limits.ts";
export { storedMaterial, usedMaterial } from "../run/rules/material.ts";
