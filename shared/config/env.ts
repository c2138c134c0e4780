import type * as z from "zod";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses variables of a function's environment, each by its form; the one place that reads them. A missing or malformed setting stops the
 * cold start and is listed by name (values are not shown: some are secret). Not as one object: zod compiles code for each
 * object that it parses, which is dear for what is parsed once.
 */
export function parseEnvironment(
  forms: Readonly<Record<string, z.ZodType>>,
  environment: Environment = process.env,
): Record<string, unknown> {
  const problems: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [name, form] of Object.entries(forms)) {
    const result = form.safeParse(environment[name]);
    if (result.success) parsed[name] = result.data;
    else problems.push(...result.error.issues.map(({ message }) => `${name}: ${message}`));
  }
  if (problems.length > 0) throw new Error(`settings are missing or wrong: ${problems.join("; ")}`);
  return parsed;
}
