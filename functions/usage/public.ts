/** What other rooms may use of usage. */
export { answerWrites, hasAnswers, keptAnswers } from "./calls/answers.ts";
export { type MeterOf, type WorkMeter, workMeter } from "./calls/meter.ts";
export { budgetOf, budgetWrite, type RunBudget, readBudget, runBudgetItem } from "./runs/budget.ts";
export { monthUsage, type UsageSource, type UsageTotals } from "./store.ts";
export { admitTokens } from "./tokens/budget.ts";
