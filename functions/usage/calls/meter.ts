import { createHash } from "node:crypto";
import type { Clock } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { CallMeter, CallUsage, StoredAnswer } from "../../models/public.ts";
import {
  BudgetRefused,
  giveBackRun,
  type RunBudget,
  type RunReservation,
  reserveOfRun,
  settleRun,
} from "../runs/budget.ts";
import { type Usage, type UsageRecord, type UsageSource, usageWrites } from "../store.ts";
import { giveBack, lateWrite, type Reservation, reserveTokens } from "../tokens/budget.ts";
import { type AnswerStore, answerWrites, keptAnswers } from "./answers.ts";
import { chargedTo, isRecorded, recordCall } from "./record.ts";

/** The work whose calls are metered, and who pays for it. */
export interface MeterOf {
  readonly table: TenantTable;
  readonly clock: Clock;
  readonly plan: Organization["plan"];
  readonly actor: UsageRecord["actor"];
  readonly work: Omit<UsageSource, "call">;
  readonly about: Pick<Usage, "model" | "provider" | "agent_id" | "agent_version" | "run_id">;
  readonly costOf: (call: CallUsage) => Pick<Usage, "cost_usd_micros" | "price_version">;
  /** What a call costs at worst that comes to these tokens. */
  readonly worstCostOf: (call: Pick<CallUsage, "tokens_in" | "tokens_out">) => number;
  /** Longest answer of the model, in tokens. */
  readonly max_output_tokens: number;
  /** How long the whole work may take, in milliseconds: a reservation lives longer than that. */
  readonly timeout_ms: number;
  /** Given where the work may be repeated after a fault under the same id: answers are kept there, and found again. */
  readonly answers?: AnswerStore | undefined;
  /** Of the run that the work belongs to, where it has one. */
  readonly budget?: RunBudget | undefined;
}

export interface WorkMeter extends CallMeter {
  kept(number: number): Promise<StoredAnswer | undefined>;
  /** What is asked does not matter here. */
  open(call: Omit<Parameters<CallMeter["open"]>[0], "request">): ReturnType<CallMeter["open"]>;
  /** Calls that could not be recorded when they ended: their writes go into the work's own transaction. */
  unrecorded(): Write[];
}

/**
 * Longest answer, in tokens, of an agent that names no limit, on a plan that has one: the worst case has to be reserved,
 * so the call must not exceed it.
 */
const ANSWER_TOKENS = 8_192;
const LEASE_MARGIN_MS = 60_000;
/** What providers add to a prompt by themselves, for roles and separators; the worst case of a short prompt is more than its text. */
const FRAME_TOKENS = 50;
/** A call may wait for its run's budget for this part of its time: one that is made too late is paid for and not answered. */
const WAITING_PART = 0.5;
/** Pauses before a record is tried again; the table has tried for seconds each time. */
const PAUSES_MS = [100, 500];

const leaseId = (source: UsageSource): string =>
  createHash("sha256").update(`${source.kind}#${source.id}#${source.call}`).digest("hex").slice(0, 24);

/**
 * The meter of one work: each call reserves what it may come to, and is recorded with what it used as soon as it ends,
 * whatever becomes of the work.
 */
export function workMeter(of: MeterOf): WorkMeter {
  const { table, clock, plan, actor, work, about } = of;
  const lost: {
    readonly at: Date;
    readonly usage: Usage;
    readonly reservation: Reservation | undefined;
    readonly run: RunReservation | undefined;
  }[] = [];
  const ends = performance.now() + of.timeout_ms;
  const { answers } = of;
  let places: ReturnType<typeof keptAnswers> | undefined;

  const record = async (
    at: Date,
    usage: Usage,
    reservation: Reservation | undefined,
    run: RunReservation | undefined,
    answer: StoredAnswer | undefined,
  ): Promise<void> => {
    const keeps = answers !== undefined && answer !== undefined;
    const more = keeps ? await answerWrites(table, usage.source, answer, answers, at) : [];
    for (let attempt = 0; ; attempt++) {
      try {
        return await recordCall(table, { at, actor }, usage, reservation, { run, more });
      } catch {
        // Whatever it was, the call has been made: it must not be lost, and not be made again for it.
        const pause = PAUSES_MS[attempt];
        if (pause === undefined) {
          if (!(await isRecorded(table, usage))) lost.push({ at, usage, reservation, run });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  };

  /** Takes the call's worst case from the run's budget, before anything else of it: it may wait for that. */
  const ofRun = async (tokens_in: number, tokens_out: number) => {
    if (of.budget === undefined) return undefined;
    const worst = { tokens_in: tokens_in + FRAME_TOKENS, tokens_out };
    const cost_usd_micros = of.worstCostOf(worst);
    const left_ms = Math.max(0, ends - performance.now());
    const bound = { tokens: worst.tokens_in + worst.tokens_out, cost_usd_micros };
    const time = { clock, wait_ms: left_ms * WAITING_PART, lease_ms: left_ms + LEASE_MARGIN_MS };
    return reserveOfRun(table, of.budget, bound, time).catch((error: unknown) => {
      if (error instanceof BudgetRefused) return error;
      throw error;
    });
  };

  const kept: WorkMeter["kept"] = async (number) => {
    if (answers === undefined) return undefined;
    places ??= keptAnswers(table, work);
    const place = (await places).get(String(number));
    return place === undefined ? undefined : (JSON.parse(await answers.blobs.load(place)) as StoredAnswer);
  };

  const open: WorkMeter["open"] = async ({ number, tokens_in, tokens_out }) => {
    const source: UsageSource = { ...work, call: String(number) };
    const found = await kept(number);
    if (found !== undefined) return { found, close: async () => {} };
    const at = clock.now();
    const answer_tokens = tokens_out ?? Math.min(ANSWER_TOKENS, of.max_output_tokens);
    const run = await ofRun(tokens_in, answer_tokens);
    if (run instanceof BudgetRefused) return { refused: run, close: async () => {} };
    const reservation = await reserveTokens(table, plan, {
      id: leaseId(source),
      tokens: tokens_in + answer_tokens,
      at,
      lease_ms: of.timeout_ms + LEASE_MARGIN_MS,
    }).catch(async (error: unknown) => {
      if (run !== undefined) await giveBackRun(table, run).catch(() => {});
      throw error;
    });
    return {
      ...(reservation === undefined && run === undefined ? {} : { max_tokens: answer_tokens }),
      close: async (used, answer) => {
        if (used === undefined) {
          // Not given back now, it runs out by itself.
          if (reservation !== undefined) await giveBack(table, reservation).catch(() => {});
          if (run !== undefined) await giveBackRun(table, run).catch(() => {});
          return;
        }
        const usage: Usage = { ...about, ...used, ...of.costOf(used), source, id: newId("usage", at) };
        await record(at, usage, reservation, run, answer);
      },
    };
  };

  return {
    open,
    kept,
    unrecorded: () =>
      lost.flatMap(({ at, usage, reservation, run }) => [
        ...usageWrites(table, { at, actor }, usage),
        ...(run === undefined ? [] : [settleRun(table, run, chargedTo(run, usage))]),
        ...(reservation === undefined ? [] : [lateWrite(table, reservation, usage.tokens_in + usage.tokens_out)]),
      ]),
  };
}
