/** What other rooms may use of webhooks. */
export { webhookResource } from "./store.ts";
export { handOverWebhook } from "./subscriptions/hand-over.ts";
