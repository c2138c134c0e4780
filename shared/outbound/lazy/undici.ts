/**
 * The three parts of undici that the guarded client uses. The package's index loads everything it has (fetch, WebSocket, mocks,
 * caches): 33 ms more at cold start and 230 KB more in each bundle, measured; so the parts are named here, in one place, for the
 * exact version that package-lock.json pins. A path that moves fails the build, not a request.
 */
export { default as request } from "undici/lib/api/api-request.js";
export { default as buildConnector } from "undici/lib/core/connect.js";
export { default as Agent } from "undici/lib/dispatcher/agent.js";
