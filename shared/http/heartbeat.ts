import { toProblem } from "./answer.ts";
import type { Call } from "./call.ts";
import type { OperationShape, ServerSentEvent } from "./operation.ts";

/** Rights are looked at again at least this often while an answer is being sent; see also `call.recheck()`. */
export const HEARTBEAT_MS = 15_000;

type Rechecking = Pick<Call<OperationShape>, "recheck">;

/**
 * Passes the pieces of a long answer on as they come, and checks the caller anew at every heartbeat, also while pieces
 * come all the time and while none do. Ends the source when the reader leaves or the caller is refused.
 * @param from makes the source; what it waits for should end with the signal
 * @param beat a piece to send at a heartbeat that met silence, so that the connection stays open
 * @throws Problem the refusal, when the caller's rights have ended
 */
export async function* rechecked<T>(
  call: Rechecking,
  from: (ended: AbortSignal) => AsyncIterable<T>,
  { beat, every_ms = HEARTBEAT_MS }: { readonly beat?: T; readonly every_ms?: number } = {},
): AsyncGenerator<T> {
  const ended = new AbortController();
  const pieces = from(ended.signal)[Symbol.asyncIterator]();
  let due = Date.now() + every_ms;
  let next = pieces.next();
  try {
    for (;;) {
      const piece = await within(next, due - Date.now());
      if (Date.now() >= due) {
        await call.recheck();
        due = Date.now() + every_ms;
        if (piece === SILENCE && beat !== undefined) yield beat;
      }
      if (piece === SILENCE) continue;
      if (piece.done === true) return;
      yield piece.value;
      next = pieces.next();
    }
  } finally {
    ended.abort();
    next.catch(() => undefined); // what a source fails with after its reader has left concerns nobody
    await pieces.return?.();
  }
}

/**
 * A stream of events whose reader is checked anew at every heartbeat. A refusal is its last event: the status has been
 * sent, so it says `error` with the refusal's code.
 */
export async function* held(
  call: Rechecking,
  from: (ended: AbortSignal) => AsyncIterable<ServerSentEvent>,
  every_ms = HEARTBEAT_MS,
): AsyncGenerator<ServerSentEvent> {
  let refused = false;
  const recheck = async () => {
    try {
      await call.recheck();
    } catch (error) {
      refused = true;
      throw error;
    }
  };
  try {
    yield* rechecked({ recheck }, from, { beat: { event: "heartbeat", data: {} }, every_ms });
  } catch (error) {
    if (!refused) throw error;
    const { code, detail } = toProblem(error);
    yield { event: "error", data: { type: "error", code, message: detail } };
  }
}

const SILENCE = Symbol("silence");

/** What the promise gives, or `SILENCE` once the time is over; the promise goes on. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof SILENCE> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<typeof SILENCE>((resolve) => {
    timer = setTimeout(() => resolve(SILENCE), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
