import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { environmentSchema, pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { checkedView, checkView, summaryView } from "./checks/model.ts";
import { adminState } from "./model.ts";
import { changedGateway, gatewayView, keySchema, newGateway } from "./registry/model.ts";
import { healthSchema } from "./rules/kinds.ts";
import { gatewayResource } from "./store.ts";

const path = z.object({ gateway_id: idSchema("gateway") });

export const operations = {
  create: operation({
    id: "gateways.create",
    method: "POST",
    path: "/gateways",
    summary: "Register a gateway",
    description:
      "A server of yours on which agents and pipelines are to be deployed. While it is active it is asked about once a minute how it is, by `GET` with its key; what it has to answer stands in docs/gateways.md.",
    permission: "gateways:create",
    resource: { type: "gateway", create: true },
    request: { body: newGateway },
    response: gatewayView,
    success: 201,
    errors: ["quota_exceeded", "unsafe_url"],
  }),
  list: operation({
    id: "gateways.list",
    method: "GET",
    path: "/gateways",
    summary: "List gateways, with their health",
    permission: "gateways:read",
    resource: { type: "gateway", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        environment: environmentSchema.optional(),
        admin_state: adminState.optional(),
        health: healthSchema.optional(),
      }),
    },
    response: pageOf(gatewayView),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "gateways.get",
    method: "GET",
    path: "/gateways/{gateway_id}",
    summary: "Read a gateway: where it is and how it is",
    permission: "gateways:read",
    resource: gatewayResource,
    request: { path },
    response: gatewayView,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "gateways.update",
    method: "PATCH",
    path: "/gateways/{gateway_id}",
    summary: "Change a gateway, or take it into or out of use",
    description:
      "With another address, and whenever it is made active or inactive, nothing is known of its health any more. Earlier results stay in its history.",
    permission: "gateways:update",
    resource: gatewayResource,
    request: { path, body: changedGateway },
    response: gatewayView,
    success: 200,
    errors: ["unsafe_url", "precondition_failed", "conflict"],
  }),
  remove: operation({
    id: "gateways.delete",
    method: "DELETE",
    path: "/gateways/{gateway_id}",
    summary: "Delete a gateway",
    description: "Its keys go at once, the results of its checks within two minutes.",
    permission: "gateways:delete",
    resource: gatewayResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["precondition_failed", "conflict"],
  }),
  rotateKey: operation({
    id: "gateways.rotate_key",
    method: "POST",
    path: "/gateways/{gateway_id}/rotate-key",
    summary: "Give a gateway its new key",
    description:
      "The gateway makes its keys itself. Until the overlap ends, the key before is tried wherever the new one is answered with 401 or 403; then it is forgotten. A key that was still overlapping is forgotten at once.",
    permission: "gateways:update",
    resource: gatewayResource,
    request: {
      path,
      body: z.strictObject({
        api_key: keySchema,
        overlap_seconds: z
          .int()
          .min(0)
          .max(7 * 86_400)
          .default(86_400)
          .meta({ description: "How long the present key is kept; 0 forgets it now." }),
      }),
    },
    response: gatewayView,
    success: 200,
    errors: ["precondition_failed", "conflict"],
  }),
  check: operation({
    id: "gateways.check",
    method: "POST",
    path: "/gateways/{gateway_id}/health",
    summary: "Check a gateway now",
    description:
      "One real check, within 20 seconds at most. It counts like one that comes by itself; of an inactive gateway it is kept, and the health stays `unknown`.",
    permission: "gateways:update",
    resource: gatewayResource,
    request: { path },
    response: checkedView,
    success: 200,
    errors: ["conflict"],
    outside_effect: true,
    rate_class: "execute",
  }),
  listChecks: operation({
    id: "gateways.list_checks",
    method: "GET",
    path: "/gateways/{gateway_id}/health",
    summary: "List the last 500 checks of a gateway, newest first",
    permission: "gateways:read",
    resource: gatewayResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(checkView),
    success: 200,
    errors: [],
  }),
  summarizeChecks: operation({
    id: "gateways.health_summary",
    method: "GET",
    path: "/gateways/{gateway_id}/health/summary",
    summary: "What the last 500 checks of a gateway say together",
    permission: "gateways:read",
    resource: gatewayResource,
    request: { path },
    response: summaryView,
    success: 200,
    errors: [],
  }),
} as const;
