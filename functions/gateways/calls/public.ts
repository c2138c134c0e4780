/** What other rooms may use of how gateways are asked. */
export { callGateway, type GatewayCallDeps } from "./call.ts";
