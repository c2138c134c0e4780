import type { EventBridgeClient, PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { clientOptions } from "../../../shared/aws/clients.ts";
import type { BusResult } from "./rules/bus.ts";

/** Customers' buses. */
export interface Buses {
  /** @returns what the bus says of each entry @throws where it takes none of them */
  put(region: string, entries: readonly PutEventsRequestEntry[]): Promise<readonly BusResult[]>;
}

/** A client for each region, since a call is answered by the region of its bus only; loaded with the first call. */
export function connectBuses(): Buses {
  const clients = new Map<string, EventBridgeClient>();
  return {
    async put(region, entries) {
      const { EventBridgeClient: Client, PutEventsCommand: Command } = await import("./lazy/eventbridge.ts");
      const client = clients.get(region) ?? new Client({ ...clientOptions("bus"), region });
      clients.set(region, client);
      const answer = await client.send(new Command({ Entries: [...entries] }));
      return answer.Entries ?? [];
    },
  };
}
