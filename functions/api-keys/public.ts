/** What other rooms may use of API keys. */

export { accountsWith } from "./accounts/holders.ts";
export { activeKeysOf, revocation } from "./ending/end.ts";
export { apiKeyResource } from "./store.ts";
