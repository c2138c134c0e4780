import type { Gateway } from "../../gateways/model.ts";
import type { StoredEndpoint } from "./model.ts";

/** Where a thing is asked on a gateway. */
export const urlOf = ({ api_url }: Pick<Gateway, "api_url">, target_id: string): string => `${api_url}/v1/${target_id}`;

/** An endpoint as it is shown. */
export function viewOf(endpoint: StoredEndpoint, gateway: Pick<Gateway, "api_url">) {
  const { keys, target_id, revision, told_revision, serves_id, channels, ...rest } = endpoint;
  const url = urlOf(gateway, target_id);
  return {
    ...rest,
    url,
    openai_base_url: `${gateway.api_url}/v1`,
    model: target_id,
    agent_id: target_id,
    serves_id,
    channels,
    keys: keys.filter(({ revoked_at }) => revoked_at === null),
    in_sync: told_revision === revision,
    command: `curl ${url}/invoke -H "authorization: Bearer $KEY" -H "content-type: application/json" -d '{"input": "…"}'`,
  };
}
