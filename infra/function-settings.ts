import type { Trigger } from "../shared/room.ts";
import type { Stage } from "./stages.ts";

/** Names and ARNs that settings hold. */
export interface SettingValues {
  readonly table: string;
  readonly key: string;
  /** Where people and programs are known. */
  readonly people:
    | { readonly pool: string; readonly client: string; readonly frontSecret: string | undefined }
    | undefined;
}

/** Settings of functions for the libraries that they use, not for our code. */
export const librarySettings = {
  POWERTOOLS_LOG_LEVEL: "INFO",
  // Stack traces name our files and lines, not the bundle's.
  NODE_OPTIONS: "--enable-source-maps",
} as const;

/** Settings that a function has whatever it needs: by how it is called. */
export function settingsOf(trigger: Trigger["kind"], stage: Stage, values: SettingValues): Record<string, string> {
  const common = { STAGE: stage.name, TABLE_NAME: values.table };
  // Functions of the pool stand below it, and look at accounts only.
  if (trigger === "cognito") return common;
  // The clock knows no people, and the addresses of all queues leave little room beside them.
  if (trigger === "rate") return { ...common, KEY_ARN: values.key };
  const { people } = values;
  // The data plane knows no users: it takes its own keys.
  if (people === undefined) return { ...common, KEY_ARN: values.key };
  const answers = trigger === "api" || trigger === "stream";
  return {
    ...common,
    KEY_ARN: values.key,
    USER_POOL_ID: people.pool,
    USER_POOL_CLIENT_ID: people.client,
    RATE_LIMIT_USER: String(stage.rate_limits.user),
    RATE_LIMIT_ADDRESS: String(stage.rate_limits.address),
    ORIGIN_FACTOR: String(stage.origin_factor),
    REGISTRATION: stage.registration.open ? "open" : "closed",
    REGISTRATION_DOMAINS: stage.registration.domains.join(","),
    // How requests come.
    ...(answers
      ? { BROWSER_ORIGINS: stage.browser_origins.join(","), SIGN_IN_PLACE: String(stage.sign_in_place) }
      : {}),
    ...(answers && people.frontSecret !== undefined ? { FRONT_SECRET: people.frontSecret } : {}),
  };
}
