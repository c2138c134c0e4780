import { Problem } from "../../../shared/errors.ts";

/** Whether a case waits because the plan has no room for another run at this moment. */
export const waitsForRoom = (error: Problem): boolean =>
  error.code === "quota_exceeded" && error.options.members?.resource === "queued_runs";

/** A refusal that says something of what was asked; faults of the cloud are thrown on, and what is asked is asked again. */
export const isAnswer = (error: unknown): error is Problem => error instanceof Problem && error.status < 500;
