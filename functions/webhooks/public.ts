/** What other rooms may use of webhooks. */
export { handOverWebhook } from "./subscriptions/hand-over.ts";
