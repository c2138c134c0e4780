import * as z from "zod";

/** Credentials of a function's role, in the names of the environment variables that the AWS SDK reads. */
export const credentialsSchema = z.object({
  AWS_ACCESS_KEY_ID: z.string(),
  AWS_SECRET_ACCESS_KEY: z.string(),
  AWS_SESSION_TOKEN: z.string(),
  /** RFC 3339; before it the SDK reads the environment again. */
  AWS_CREDENTIAL_EXPIRATION: z.string(),
});
export type RoleCredentials = z.infer<typeof credentialsSchema>;

/** What the worker's process is told by its parent. */
export const workerInputSchema = z.object({ credentials: credentialsSchema });
export type WorkerInput = z.infer<typeof workerInputSchema>;

/** What it tells its parent. */
export const workerOutputSchema = z.union([z.object({ port: z.number() }), z.object({ problem: z.string() })]);
export type WorkerOutput = z.infer<typeof workerOutputSchema>;

/** What a worker is started with, as JSON in its environment. */
export const workerSettingsSchema = z.object({
  bundle: z.string(),
  function_name: z.string(),
  function_arn: z.string(),
  memory_mb: z.number(),
  timeout_ms: z.number(),
});
export type WorkerSettings = z.infer<typeof workerSettingsSchema>;
export const settingsVariable = "KAIZEN_STREAM_WORKER";
