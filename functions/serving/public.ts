/** What other rooms may use of the data plane: how it is told what to serve. */
export { channels, type Endpoint, endpointSettings, MOST_KEYS, MOST_ORIGINS, type Statement } from "./model.ts";
export { servingKeys } from "./rules/keys.ts";
