/** What a run's budget is, without what it takes to keep one. */
export { type BudgetView, budgetInput, budgetView, limitsOf, limitsSchema, type RunLimits } from "./rules/amounts.ts";
