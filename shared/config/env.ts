import type * as z from "zod";

/**
 * Parses the environment of a function. A missing or malformed setting stops the cold start and is listed by name
 * (values are not shown: some are secret).
 */
export function parseEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<S> {
  const result = schema.safeParse(environment);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`settings are missing or wrong: ${problems.join("; ")}`);
}
