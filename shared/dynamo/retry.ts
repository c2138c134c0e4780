import { Problem } from "../errors.ts";

/**
 * What a fault of the table says about the call. `collided`: another transaction was at one of the items, nothing was
 * written. `busy`: the table did not take the call, nothing was written. `lost`: there was no answer, or one of a fault
 * inside the table; a write may have been made or not.
 */
export type Fault = "collided" | "busy" | "lost";

const FAULTS: Readonly<Record<string, Fault>> = {
  TransactionConflictException: "collided",
  TransactionInProgressException: "collided",
  ProvisionedThroughputExceededException: "busy",
  ThrottlingException: "busy",
  Throttling: "busy",
  RequestLimitExceeded: "busy",
  ECONNREFUSED: "busy",
  ENOTFOUND: "busy",
  EAI_AGAIN: "busy",
  InternalServerError: "lost",
  InternalServerErrorException: "lost",
  InternalFailure: "lost",
  ServiceUnavailable: "lost",
  ServiceUnavailableException: "lost",
  TimeoutError: "lost",
  ECONNRESET: "lost",
  EPIPE: "lost",
  ETIMEDOUT: "lost",
  NetworkingError: "lost",
};

/** Reasons for which a whole transaction is cancelled though none of its conditions failed. */
const CANCELLED: Readonly<Record<string, Fault>> = {
  TransactionConflict: "collided",
  ThrottlingError: "busy",
  ProvisionedThroughputExceeded: "busy",
};

const own = (table: Readonly<Record<string, Fault>>, name: unknown): Fault | undefined =>
  typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;

/** Undefined for what is no fault of the cloud: a refusal by a condition, a request that is wrong. */
export function faultOf(error: unknown): Fault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, CancellationReasons, $metadata } = error as {
    code?: unknown;
    CancellationReasons?: readonly { Code?: string }[];
    $metadata?: { httpStatusCode?: number };
  };
  if (CancellationReasons !== undefined) {
    if (CancellationReasons.some(({ Code }) => Code === "ConditionalCheckFailed")) return undefined;
    return CancellationReasons.map(({ Code }) => own(CANCELLED, Code)).find((fault) => fault !== undefined);
  }
  // A refused connection is a `TimeoutError` or an `Error` by name; its code says more.
  return own(FAULTS, code) ?? own(FAULTS, error.name) ?? (($metadata?.httpStatusCode ?? 0) >= 500 ? "lost" : undefined);
}

/** The database does not take or finish what it is asked. Nothing was written. */
export const unavailable = (cause: unknown): Problem =>
  new Problem(
    "service_unavailable",
    "The database does not answer right now. Nothing is half-written; repeat a POST with the same Idempotency-Key.",
    { headers: { "retry-after": "2" }, cause },
  );

/**
 * The answer to a write was lost: it was made as a whole or not at all, and nobody knows which. To be told as it is;
 * whoever goes on reads first.
 */
export class AnswerLost extends Problem {
  constructor(cause: unknown) {
    super(
      "service_unavailable",
      "The database did not answer in time, so it is not known whether this was done. Read before you repeat it; a POST with the same Idempotency-Key is done once.",
      { headers: { "retry-after": "2" }, cause },
    );
  }
}

/** How often one call is tried in all, by what it met. Writers that collide get through one after the other. */
const TRIES: Readonly<Record<Fault, number>> = { collided: 8, busy: 5, lost: 4 };
/** The longest pause before the second try; it doubles with each further one. */
const FIRST_PAUSE_MS: Readonly<Record<Fault, number>> = { collided: 40, busy: 60, lost: 30 };
const LONGEST_PAUSE_MS = 2_000;

/** Waits a random part of a time that doubles with each try (full jitter), so that those who wait spread out. */
export function pause(attempt: number, first_ms: number): Promise<void> {
  const most = Math.min(LONGEST_PAUSE_MS, first_ms * 2 ** (attempt - 1));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * most));
}

export interface Repeat {
  /** `tell`: a call whose answer was lost is not made again, because making it twice is more than making it once. */
  readonly lost: "repeat" | "tell";
  /** Whether the call writes: a lost answer leaves it open then what was done. */
  readonly writes: boolean;
}

/**
 * Makes a call until it is answered, with pauses. What is no fault of the cloud is thrown on at once, together with
 * whether an answer had been lost before: then a refusal may be due to this very write.
 * @throws Problem `service_unavailable`; {@link AnswerLost} where it is not known whether the write was made
 */
export async function repeated<T>(
  call: () => Promise<T>,
  { lost, writes }: Repeat,
  refused: (error: unknown, answerLost: boolean) => unknown = (error) => error,
): Promise<T> {
  const met: Record<Fault, number> = { collided: 0, busy: 0, lost: 0 };
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) throw refused(error, met.lost > 0);
      met[fault]++;
      if (met[fault] >= TRIES[fault] || (fault === "lost" && lost === "tell"))
        throw writes && met.lost > 0 ? new AnswerLost(error) : unavailable(error);
      await pause(met[fault], FIRST_PAUSE_MS[fault]);
    }
  }
}
