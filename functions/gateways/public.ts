/** What other rooms may use of gateways. */
export { gatewayResource } from "./store.ts";
