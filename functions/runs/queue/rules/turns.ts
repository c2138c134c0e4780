/** Runs of one pipeline or agent that wait, and those that hold one of its places. */
export interface Lane {
  readonly target_id: string;
  /** Runs that were let in under a limit of the pipeline's own and still go on. */
  readonly running: number;
  readonly waiting: number;
  /** When one of its runs was last let in, counted over all lanes. */
  readonly turn: number;
}

/** Lanes with somebody in them, in the order of their turns: whose last one is longest ago comes first. */
export const inTurn = <L extends Lane>(lanes: readonly L[]): L[] =>
  lanes.filter(({ waiting }) => waiting > 0).sort((a, b) => a.turn - b.turn || (a.target_id < b.target_id ? -1 : 1));

/** The turn of a lane that is let in now: behind all others. */
export const nextTurn = (lanes: readonly Lane[]): number => Math.max(0, ...lanes.map(({ turn }) => turn)) + 1;

/** Whether a pipeline's own limit keeps its runs out. */
export const isFull = ({ running }: Pick<Lane, "running">, limit: number | null): boolean =>
  limit !== null && running >= limit;
