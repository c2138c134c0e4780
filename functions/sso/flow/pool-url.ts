import type { Settings } from "../../../shared/config/settings.ts";

/**
 * The pool's domain. What stands for AWS on a laptop is asked for by name: it tells providers to send people to
 * `localhost`, and a browser's cookies are of one name.
 */
export function poolUrl({ POOL_URL, AWS_ENDPOINT_URL }: Pick<Settings, "POOL_URL" | "AWS_ENDPOINT_URL">): string {
  if (POOL_URL !== undefined) return POOL_URL;
  if (AWS_ENDPOINT_URL === undefined) throw new Error("POOL_URL is needed wherever the pool is deployed");
  return AWS_ENDPOINT_URL.replace("//127.0.0.1", "//localhost").replace(/\/$/, "");
}
