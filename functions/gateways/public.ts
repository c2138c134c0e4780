/** What other rooms may use of gateways. */
export { gatewayItem, gatewayResource, gatewayUseItem } from "./store.ts";
