import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { cancelReason, countsSchema, passRate, targetKind } from "./rules/told.ts";

const suite = z.object({ suite_id: z.string(), name: z.string(), kind: targetKind, target_id: z.string() });
const one = z.object({ suite_id: z.string(), case_id: z.string(), name: z.string() });
const job = suite.extend({ suite_run_id: z.string(), version: z.int(), total: z.int() });
const over = job.extend({ counts: countsSchema, pass_rate: passRate, cost_usd_micros: z.int() });
const changed_fields = z.array(z.string());

export const suiteEvents = defineEvents({
  "suite.created": { summary: "A suite of test cases was created.", resource: "suite", data: suite },
  "suite.updated": {
    summary: "A suite was changed.",
    resource: "suite",
    data: suite.extend({ changed_fields }),
  },
  "suite.deleted": { summary: "A suite was deleted with its cases and jobs.", resource: "suite", data: suite },
  "suite.case_created": {
    summary: "A test case was added to a suite.",
    resource: "suite",
    data: one.extend({ from_run_id: z.string().nullable() }),
  },
  "suite.case_updated": {
    summary: "A test case was changed.",
    resource: "suite",
    data: one.extend({ changed_fields }),
  },
  "suite.case_deleted": { summary: "A test case was deleted.", resource: "suite", data: one },
  "suite.run_started": {
    summary: "A job began to run the cases of a suite.",
    resource: "suite_run",
    data: job.extend({ tags: z.array(z.string()) }),
  },
  "suite.run_completed": {
    summary: "A job has run all its cases; the counts say what became of them.",
    resource: "suite_run",
    data: over,
  },
  "suite.run_cancelled": {
    summary: "A job was ended before all its cases were run, and why.",
    resource: "suite_run",
    outcome: "cancelled",
    data: over.extend({ reason: cancelReason }),
  },
});
