import { allOperations } from "../functions/operations.ts";
import { rooms } from "../functions/rooms.ts";
import type { OperationShape } from "../shared/http/operation.ts";
import type { Area, RoomData } from "../shared/room.ts";
import { gatewayRoutes, type Route } from "./routes.ts";

/** What is deployed, as data: rooms with their functions and queues, and the operations that they serve. */
export interface Product {
  readonly rooms: readonly RoomData[];
  readonly operations: readonly ServedOperation[];
}

export interface ServedOperation {
  readonly room: string;
  readonly operation: OperationShape;
}

/** The product as it stands. Tests build a larger one. */
export const product: Product = { rooms, operations: allOperations };

export const roomsOf = ({ rooms: all }: Product, area: Area): readonly RoomData[] =>
  all.filter((room) => room.area === area);

/** The gateway's routes to these rooms' functions. */
export const routesTo = ({ operations }: Product, targets: readonly RoomData[]): readonly Route[] =>
  gatewayRoutes(operations).filter(({ room }) => targets.some(({ name }) => name === room));
