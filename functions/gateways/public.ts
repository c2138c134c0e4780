/** What other rooms may use of gateways. */
export { callGateway, type GatewayCallDeps } from "./calls/call.ts";
export { gatewayItem, gatewayResource, gatewayUseItem } from "./store.ts";
