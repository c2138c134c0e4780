import * as z from "zod";
import { defineDue } from "../../shared/due/due.ts";
import { readFamily } from "../../shared/dynamo/family.ts";
import { defineItem, type ItemOf, primaryKey } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import { checkSchema, type Gateway, type GatewayStanding, gatewaySchema, standingSchema } from "./model.ts";

export const gatewayItem = defineItem({
  type: "gateway",
  summary: "A server on which agents and pipelines are to be deployed, with its sealed keys.",
  schema: gatewaySchema,
  key: { pk: "GATEWAY#{id}", sk: "GATEWAY" },
  indexes: {
    gsi1: { pk: "GATEWAYS", sk: "{id}" },
    gsi2: { pk: "GATEWAYS_IN#{environment}", sk: "{admin_state}#{health}#{id}" },
    gsi3: { pk: "GATEWAYS_THAT_ARE#{admin_state}", sk: "{health}#{id}" },
    gsi4: { pk: "GATEWAYS_SEEN#{health}", sk: "{environment}#{id}" },
  },
});

/** Apart from the gateway: what moves with each check never meets a change by a person. */
export const standingItem = defineItem({
  type: "gateway_health",
  summary: "What the checks of a gateway have come to, and how many there were.",
  schema: standingSchema,
  key: { pk: "GATEWAY#{gateway_id}", sk: "GATEWAY#HEALTH" },
});

/** Apart from the gateway, too, and in a place of its own: deployments count themselves here, and may write nothing else of it. */
export const gatewayUseItem = defineItem({
  type: "gateway_use",
  summary: "How many deployments are on a gateway, or on their way to it or away; from the first one on it is there.",
  schema: z.object({ gateway_id: idSchema("gateway"), live: z.int().min(0) }),
  key: { pk: "GATEWAY_USE#{gateway_id}", sk: "GATEWAY_USE" },
});

/** So many results are kept of a gateway. */
export const KEPT_CHECKS = 500;

/** Each takes away the one that is 500 before it. */
export const checkItem = defineItem({
  type: "gateway_check",
  summary: "What one check of a gateway has found; the last 500 are kept.",
  schema: checkSchema.extend({ gateway_id: idSchema("gateway"), sequence: z.int().min(1) }),
  key: { pk: "GATEWAY_CHECKS#{gateway_id}", sk: "{sequence}" },
});
export type CheckItem = ItemOf<typeof checkItem>;

/** The next check of an active gateway; of one that was deleted, that what its checks have left is taken away. */
export const checkDue = defineDue("gateway_check");

/** The end of a key's overlap, when it is forgotten. */
export const keyDue = defineDue("gateway_key");

export interface SeenGateway {
  readonly gateway: Gateway;
  readonly standing: GatewayStanding;
}

/** A gateway with its health, which lies beside it: one query. */
export async function gatewayWithHealth(table: TenantTable, id: string): Promise<SeenGateway | undefined> {
  const { pk, sk } = primaryKey(gatewayItem, table.tenant, { id });
  const side = { gateways: gatewayItem, standings: standingItem };
  const { gateways, standings } = await readFamily(table, { pk, from: sk, to: sk }, side);
  const [gateway] = gateways;
  const [standing] = standings;
  return gateway === undefined || standing === undefined ? undefined : { gateway, standing };
}

export const gatewayResource = defineResource({
  type: "gateway",
  path: ["gateway_id"],
  read: ({ table, path }) => gatewayWithHealth(table, String(path.gateway_id)),
  subject: ({ gateway }) => gateway,
});

/** What a gateway's key belongs to: copied to another gateway or organization it opens nothing. */
export const keyContext = (tenant: string, gateway_id: string) =>
  ({ purpose: "gateway_keys", tenant, field: `gateways.${gateway_id}.key` }) as const;
