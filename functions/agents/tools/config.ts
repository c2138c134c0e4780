import type { Issue } from "../../../shared/errors.ts";
import { parseValue } from "../../../shared/http/parse.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { ToolSnapshot } from "../versions/rules/snapshot.ts";
import { secretHeaderContext, type ToolConfigInput, toolConfigInput } from "./rules/definition.ts";

/** How the configuration of a stored tool is changed without ever reading its secrets back. */

type Config = Readonly<Record<string, unknown>>;

/** Stands for a stored secret while a merged configuration is checked; a stored one was checked when it came. */
const KEPT = "kept";

export interface MergedConfig {
  readonly input: ToolConfigInput;
  /** Encrypted headers that stay as they are. */
  readonly kept: Readonly<Record<string, string>>;
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

/** Members named in the patch win; null removes. Header names are compared without case. */
function mergeHeaders(stored: Config, patch: Config): Record<string, unknown> {
  const named = new Set(Object.keys(patch).map((name) => name.toLowerCase()));
  const kept = Object.entries(stored).filter(([name]) => !named.has(name.toLowerCase()));
  return Object.fromEntries([...kept, ...Object.entries(patch).filter(([, value]) => value !== null)]);
}

/** The address whose owner sees the secrets. */
export const originOf = (config: Config): string =>
  URL.parse(String(config.endpoint ?? config.server ?? "").replaceAll(/[{}]/g, ""))?.origin ?? "";

/**
 * A stored configuration under a merge patch. Members are replaced as a whole, headers by name; secrets that are not
 * named are kept, unless the tool now leads to another address.
 * @throws Problem `validation_failed` with every issue
 */
export function mergeConfig(
  tool_type: ToolSnapshot["tool_type"],
  stored: Config,
  patch: Config,
): MergedConfig & { readonly issues: Issue[] } {
  const members = Object.entries({ ...stored, ...patch }).filter(([, value]) => value !== null);
  const merged: Record<string, unknown> = Object.fromEntries(members);
  const kept: Record<string, string> = {};
  if (tool_type !== "function") {
    if (isObject(patch.headers)) merged.headers = mergeHeaders(asRecord(stored.headers), patch.headers);
    const sealed = asRecord(stored.secret_headers);
    const given = "secret_headers" in patch && isObject(patch.secret_headers) ? patch.secret_headers : {};
    if (patch.secret_headers !== null) {
      const named = new Set(Object.keys(given).map((name) => name.toLowerCase()));
      for (const [name, value] of Object.entries(sealed))
        if (!named.has(name.toLowerCase())) kept[name] = String(value);
    }
    const invalidShape = "secret_headers" in patch && patch.secret_headers !== null && !isObject(patch.secret_headers);
    merged.secret_headers = invalidShape
      ? patch.secret_headers
      : mergeHeaders(Object.fromEntries(Object.keys(kept).map((name) => [name, KEPT])), given);
  }
  const input = parseValue(toolConfigInput, { tool_type, config: merged });
  const moved = originOf(stored) !== originOf(merged);
  const issues = moved
    ? Object.keys(kept).map((name) => ({
        path: `config.secret_headers.${name}`,
        message: "must be given again when the address changes, so that a secret is sent nowhere unintended",
      }))
    : [];
  return { input, kept, issues };
}

const isObject = (value: unknown): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The configuration as it is stored: new secrets encrypted for this tenant, tool and header, kept ones as they are. */
export async function sealConfig(
  secrets: Sealer,
  tenant: string,
  tool_id: string,
  { input, kept }: MergedConfig,
): Promise<Record<string, unknown>> {
  if (input.tool_type === "function") return { ...input.config };
  const sealed = await Promise.all(
    Object.entries(input.config.secret_headers).map(async ([name, value]) => [
      name,
      kept[name] ?? (await secrets.encrypt(value, secretHeaderContext(tenant, tool_id, name))),
    ]),
  );
  return { ...input.config, secret_headers: Object.fromEntries(sealed) };
}

/** A stored configuration for a copy of the tool: the secrets are encrypted anew, bound to the copy. */
export async function copyConfig(
  secrets: Sealer,
  tenant: string,
  from_id: string,
  to_id: string,
  config: ToolSnapshot["config"],
): Promise<Record<string, unknown>> {
  const headers = asRecord(config.secret_headers);
  if (Object.keys(headers).length === 0) return { ...config };
  const copied = await Promise.all(
    Object.entries(headers).map(async ([name, sealed]) => {
      const value = await secrets.decrypt(String(sealed), secretHeaderContext(tenant, from_id, name));
      return [name, await secrets.encrypt(value, secretHeaderContext(tenant, to_id, name))];
    }),
  );
  return { ...config, secret_headers: Object.fromEntries(copied) };
}
