import { serveTasks } from "../bounded/worker.ts";
import { type Condition, evaluate } from "../expressions/condition.ts";
import { evaluateHere } from "../expressions/expression.ts";
import { issuesHere } from "../json-schema/schema.ts";

serveTasks({
  evaluate: ({ text, scope }: { text: string; scope: unknown }) => evaluateHere(text, scope),
  holds: ({ condition, scope }: { condition: Condition; scope: unknown }) => evaluate(condition, scope),
  schema_issues: ({ schema, value }: { schema: unknown; value: unknown }) => issuesHere(schema, value),
});
