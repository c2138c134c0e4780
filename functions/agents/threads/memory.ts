import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { threadFiles } from "../../../shared/blobs/purposes.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import { newEtag } from "../../../shared/ids.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import { isFull, threadLimits } from "./model.ts";
import { type StoredThread, type StoredTurn, threadItem, threadTurnItem } from "./store.ts";

/** A message with its answer, as a prompt is given them. */
export interface RememberedTurn {
  readonly message: string;
  readonly answer: string;
}

/** A thread in which one execution answers, and nobody else. */
export interface HeldThread {
  readonly thread: StoredThread;
  /** The newest turns, oldest of them first. */
  readonly remembered: readonly RememberedTurn[];
  /** Keeps the message with its answer and lets go of the thread: 2 items, refused with {@link ThreadLost}. */
  keep(turn: Answered): Promise<Write[]>;
  /** Lets go of the thread without keeping anything; nothing happens where it is let go of already. */
  release(): Promise<void>;
}

export type Answered = Pick<StoredTurn, "version" | "model"> & {
  readonly message: string;
  readonly answer: string;
  readonly at: Date;
};

/** Nobody keeps an answer in a thread that was deleted meanwhile, or which another execution has taken over. */
export class ThreadLost extends Problem {
  constructor() {
    super("conflict", "The thread was deleted, or went on, while the answer was made. The answer is not kept in it.");
  }
}

const busy = (until: string | undefined, at: Date) => {
  const seconds = Math.max(1, Math.ceil((Date.parse(until ?? "") - at.getTime()) / 1_000) || 1);
  return new Problem("conflict", "Another message of this thread is being answered.", {
    members: { reason: "thread_busy" },
    headers: { "retry-after": String(Math.min(seconds, 5)) },
  });
};

interface Holding {
  readonly table: TenantTable;
  readonly blobs: Pick<Blobs, "store" | "load">;
  readonly thread_id: string;
  readonly agent_id: string;
  readonly owner_key: string;
  readonly execution_id: string;
  readonly at: Date;
  /** How long the execution may take. Whoever comes after that takes the thread over. */
  readonly seconds: number;
}

/**
 * Takes a thread for one execution, by one conditional write before anything is paid for, and reads what is remembered of
 * it. Of several at once one has it.
 * @throws Problem `reference_not_found` for one that is not there or not the caller's own, `conflict` while another message
 * is being answered or when it is full
 */
export async function holdThread(of: Holding): Promise<HeldThread> {
  const { table, blobs, thread_id: id, agent_id, owner_key, execution_id: working, at } = of;
  const found = await table.get(threadItem, { id });
  if (found?.agent_id !== agent_id || found.owner_key !== owner_key) throw badReference("thread_id");
  const { writes } = table;
  const free = [
    { absent: ["working"] },
    { below: { working_until: timestamp(at) } },
    // Made twice, where the first answer was lost.
    { equals: { working } },
  ];
  const take = writes.update(
    threadItem,
    { id },
    { set: { working, working_until: timestamp(addSeconds(at, of.seconds)) } },
    { exists: true, below: { turns: threadLimits.turns, bytes: threadLimits.bytes }, any: free },
    (old) => {
      if (old === undefined) return badReference("thread_id");
      if (!isFull(old)) return busy(old.working_until, at);
      const members = { reason: "thread_full", limit: threadLimits.turns };
      return new Problem("conflict", "The thread is full. Begin another one.", { members });
    },
  );
  const thread = await table.apply(threadItem, { ...take, lost: "repeat" });
  const held = { equals: { working } } as const;
  const letGo = ["working", "working_until"] as const;
  const release = async () => {
    const gone = writes.update(threadItem, { id }, { remove: letGo }, held, () => new ThreadLost());
    await table.apply(threadItem, gone).catch((error: unknown) => {
      if (!(error instanceof ThreadLost)) throw error;
    });
  };
  const keep = async ({ message, answer, at: now, ...about }: Answered): Promise<Write[]> => {
    const place = threadFiles(table.tenant, thread);
    const texts = { message: await blobs.store(place, message), answer: await blobs.store(place, answer) };
    const expires_at = timestamp(addDays(now, thread.kept_days));
    const set = { last_turn_at: timestamp(now), expires_at, etag: newEtag(now) };
    const add = { turns: 1, bytes: Buffer.byteLength(message) + Buffer.byteLength(answer) };
    const number = thread.turns + 1;
    const turn: StoredTurn = {
      ...about,
      ...texts,
      thread_id: id,
      number,
      execution_id: working,
      created_at: timestamp(at),
      expires_at,
    };
    return [
      writes.update(threadItem, { id }, { set, add, remove: letGo }, held, () => new ThreadLost()),
      writes.create(threadTurnItem, turn, () => new ThreadLost()),
    ];
  };
  try {
    return { thread, remembered: await rememberedOf(of), keep, release };
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
}

async function rememberedOf({ table, blobs, thread_id }: Holding): Promise<RememberedTurn[]> {
  const newest = { of: { thread_id }, newest_first: true, limit: threadLimits.remembered };
  const { items } = await table.page(threadTurnItem, newest);
  const texts = items.reverse().map(async ({ message, answer }) => ({
    message: await blobs.load(message),
    answer: await blobs.load(answer),
  }));
  return Promise.all(texts);
}
