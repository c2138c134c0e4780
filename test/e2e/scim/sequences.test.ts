import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { roomyCompany } from "../../support/plans.ts";
import { type Directory, directoryOf, ownDomain } from "../../support/scim.ts";

/** What directories send, in their own words and order, as their makers document it. */
const sequenceSchema = z.strictObject({
  source: z.string(),
  steps: z.array(
    z.strictObject({
      name: z.string(),
      method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
      path: z.string(),
      body: z.unknown().optional(),
      status: z.int(),
      /** What the answer has, beside more. */
      expect: z.record(z.string(), z.unknown()).optional(),
      /** What it has not. */
      absent: z.array(z.string()).optional(),
      /** Members of the answer that later steps name. */
      save: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

describe.each(["entra", "okta"])("%s", (name) => {
  const file = join(import.meta.dirname, "sequences", `${name}.json`);
  const { steps } = sequenceSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const known: Record<string, string> = {};
  let directory: Directory;
  beforeAll(async () => {
    const company = await roomyCompany();
    [directory, known.domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
  });

  const filled = (text: string): string => text.replaceAll(/\{\{(\w+)\}\}/g, (_, word: string) => known[word] ?? "");

  it.each(steps.map((step) => [step.name, step] as const))("%s", async (_, step) => {
    const path = encodeURI(filled(step.path));
    const body = step.body === undefined ? undefined : JSON.parse(filled(JSON.stringify(step.body)));
    const answer = await directory.call(step.method, path, body);
    expect(answer.status, answer.text).toBe(step.status);
    if (answer.text !== "") expect(answer.headers.get("content-type")).toBe("application/scim+json");
    if (step.expect !== undefined) expect(answer.body).toMatchObject(JSON.parse(filled(JSON.stringify(step.expect))));
    for (const member of step.absent ?? []) expect(answer.body).not.toHaveProperty(member);
    for (const [word, member] of Object.entries(step.save ?? {})) known[word] = answer.body[member];
  });
});
