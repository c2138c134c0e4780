import type * as z from "zod";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses the environment of a function; the one place that reads it. A missing or malformed setting stops the cold start and is listed by name
 * (values are not shown: some are secret).
 */
export function parseEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Environment = process.env,
): z.output<S> {
  const result = schema.safeParse(environment);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`settings are missing or wrong: ${problems.join("; ")}`);
}
