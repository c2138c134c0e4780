/** What other rooms may use of how gateways are asked. */
export { callGateway, type GatewayCallDeps, type GatewayRequest } from "./call.ts";
export { connectPlane, type Plane } from "./plane.ts";
