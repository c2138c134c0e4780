import * as z from "zod";

/** Settings that every API function has; infra writes them, this reads them. */
export const platformSettings = z.object({
  STAGE: z.enum(["local", "development", "staging", "production"]),
  TABLE_NAME: z.string().min(1),
  KEY_ARN: z.string().min(1),
  USER_POOL_ID: z.string().min(1),
  USER_POOL_CLIENT_ID: z.string().min(1),
  /** Requests a minute of one user, over all organizations. */
  RATE_LIMIT_USER: z.coerce.number().int().positive().default(600),
  /** Requests a minute of one address on routes that need no token. */
  RATE_LIMIT_ADDRESS: z.coerce.number().int().positive().default(300),
});

export type PlatformSettings = z.output<typeof platformSettings>;
