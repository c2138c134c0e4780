/** The client of buses, for streams that lead to one. */
export { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
