import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, inject, it } from "vitest";
import * as z from "zod";
import { testTools } from "../../../local/test-tools.ts";
import { roomyCompany } from "../../support/plans.ts";
import { directoryOf, ownDomain } from "../../support/scim.ts";

const foundSchema = z.array(
  z.object({
    status: z.string(),
    title: z.string(),
    type: z.string().nullable(),
    reason: z.string().nullable(),
  }),
);

const run = promisify(execFile);

/** Whether the tools' Python is new enough for the tester. */
const hasTester = async (): Promise<boolean> =>
  run(join(testTools.bin, "python"), ["-c", "import scim2_tester"]).then(
    () => true,
    () => false,
  );

/** Whether somebody is active is always told: what is removed is said anew at the next change. */
const known = { status: "ERROR", title: "check_remove_attribute", type: "User" };

beforeAll(() => testTools.ensureInstalled());

it("an independent tester finds nothing that the RFCs forbid or advise against, but that nobody is neither active nor not", async ({
  skip,
}) => {
  skip(!(await hasTester()), "scim2-tester needs Python 3.11");
  const company = await roomyCompany();
  const [{ token }, domain] = await Promise.all([directoryOf(company), ownDomain(company)]);
  const program = join(import.meta.dirname, "tester.py");
  const base = `${inject("stack").apiUrl}/scim/v2`;
  const { stdout } = await run(join(testTools.bin, "python"), [program, base, token, domain], {
    maxBuffer: 50_000_000,
  });
  const found = foundSchema.parse(JSON.parse(stdout));
  expect(found.length).toBeGreaterThan(100);
  const wrong = found.filter(({ status }) => ["ERROR", "CRITICAL", "DEVIATION"].includes(status));
  expect(wrong).toEqual([{ ...known, reason: "PATCH modify() did not remove attribute 'active'" }]);
}, 300_000);
