import * as z from "zod";
import { localId } from "../../graph/rules/kinds/kind.ts";
import { graphLimits } from "../../graph/rules/limits.ts";

const coordinate = z.number().min(-1_000_000).max(1_000_000);

const positionSchema = z
  .strictObject({ x: coordinate, y: coordinate })
  .meta({ id: "NodePosition", description: "Where a node is drawn; to the right and downwards." });

const notMore = <T>(positions: Readonly<Record<string, T>>): boolean =>
  Object.keys(positions).length <= graphLimits.nodes;
const tooMany = `must not name more than ${graphLimits.nodes} nodes`;

/** Positions by the node's id. They may name nodes of any revision, for a layout outlives a change of the graph. */
export const positionsSchema = z.record(localId, positionSchema).refine(notMore, tooMany);
export type Positions = Readonly<z.output<typeof positionsSchema>>;

/** Positions that change; null forgets one. */
export const movesSchema = z
  .record(localId, positionSchema.nullable())
  .refine(notMore, tooMany)
  .refine((moves) => Object.keys(moves).length > 0, "must name at least one node");

/** The positions with the moves over them. */
export function moved(positions: Positions, moves: z.output<typeof movesSchema>): Positions {
  const left = Object.entries(positions).filter(([id]) => !Object.hasOwn(moves, id));
  const placed = Object.entries(moves).filter((move): move is [string, Positions[string]] => move[1] !== null);
  return Object.fromEntries([...left, ...placed]);
}
