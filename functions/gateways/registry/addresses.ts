import { Problem } from "../../../shared/errors.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { GatewayDeps } from "../deps.ts";
import type { Gateway } from "../model.ts";
import { type Addresses, addressProblem, healthHostProblem, leadsElsewhere, withoutSlash } from "../rules/address.ts";

type Checking = Pick<GatewayDeps, "outbound">;

/** What a gateway's addresses were, and whether its key is given with the new ones. */
interface Moving {
  readonly before: Addresses;
  readonly gives_key: boolean;
}

/** What is said of where a gateway is. */
type Said = {
  readonly [N in keyof Addresses | "api_key"]?: (N extends keyof Addresses ? Addresses[N] : string) | undefined;
};

/**
 * That what is said fits the kind: a server has an address and a key, the built-in data plane has neither.
 * @throws Problem `validation_failed`
 */
export function requireOfKind(kind: Gateway["kind"], said: Said, made: boolean): void {
  const names = ["api_url", "api_key"] as const;
  const issues =
    kind === "http"
      ? names
          .filter((name) => made && said[name] === undefined)
          .map((path) => ({ path, message: "must be given of a gateway of the kind `http`" }))
      : ([...names, "health_check_url", "allow_other_health_host"] as const)
          .filter((name) => said[name] !== undefined && said[name] !== null && said[name] !== false)
          .map((path) => ({ path, message: "is not said of the built-in data plane, which is known" }));
  if (issues.length > 0) throw invalid(issues);
}

/**
 * A gateway's addresses as they are kept. Nothing is called.
 * @throws Problem `unsafe_url`, `validation_failed` (422): an address that may not be called, one that leads the key to another host,
 * or a known key to another server
 */
export function requireAddresses(said: Addresses, deps: Checking, moving?: Moving): Addresses {
  const { allow_other_health_host } = said;
  const api_url = withoutSlash(requireUrl(said.api_url, "api_url", deps));
  const health_check_url =
    said.health_check_url === null ? null : requireUrl(said.health_check_url, "health_check_url", deps).href;
  const addresses = { api_url, health_check_url, allow_other_health_host };
  const message = healthHostProblem(addresses);
  if (message !== undefined) throw invalid([{ path: "health_check_url", message }]);
  if (moving !== undefined && !moving.gives_key && leadsElsewhere(moving.before, addresses))
    throw invalid([
      {
        path: "api_key",
        message:
          "must be given again when an address becomes one of another server, so that it is sent nowhere unintended",
      },
    ]);
  return addresses;
}

function requireUrl(text: string, path: "api_url" | "health_check_url", { outbound }: Checking): URL {
  const problem = addressProblem(text);
  if (problem !== undefined) throw invalid([{ path, message: problem }]);
  const checked = outbound.checkUrl(text);
  if (checked.ok) return checked.url;
  const { code, message } = checked.error;
  throw new Problem("unsafe_url", message, { issues: [{ path, message, code }] });
}
