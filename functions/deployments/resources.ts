import type { TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import type { PolicySubject } from "../../shared/policies/attributes.ts";
import { agentItem } from "../agents/public.ts";
import { agentResource } from "../agents/resources.ts";
import { gatewayItem } from "../gateways/public.ts";
import type { Deployment } from "./model.ts";
import { deploymentItem } from "./store.ts";

/** What policies see of a deployment before it is made: it is in its gateway's environment and its agent's workspaces, which no body says. */
export async function madeOf(
  { agent_id, gateway_id }: { readonly agent_id?: unknown; readonly gateway_id?: unknown },
  table: TenantTable,
): Promise<PolicySubject> {
  const [agent, gateway] = await Promise.all([
    typeof agent_id === "string" ? table.get(agentItem, { id: agent_id }) : undefined,
    typeof gateway_id === "string" ? table.get(gatewayItem, { id: gateway_id }) : undefined,
  ]);
  return {
    status: "pending",
    ...(agent === undefined ? {} : { name: agent.name, workspace_ids: agent.workspace_ids }),
    ...(gateway === undefined ? {} : { environment: gateway.environment }),
  };
}

export const ofAgent = ({ target_id }: Pick<Deployment, "target_id">) => ({
  resource: agentResource,
  path: { agent_id: target_id },
});

export const deploymentResource = defineResource({
  type: "deployment",
  path: ["deployment_id"],
  item: deploymentItem,
  key: ({ deployment_id }) => ({ id: deployment_id }),
  subject: (deployment) => deployment,
  target: ofAgent,
});
