import { type Clock, timestamp } from "../../../shared/clock.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import type { CallMeter } from "../calls/meter.ts";
import { type ModelError, modelError } from "../calls/rules/errors.ts";
import { countFailure, endProbe, mendMark, takeProbe, type Watched } from "./moves.ts";
import { admission } from "./rules/circuit.ts";
import { History } from "./rules/history.ts";
import { type Told, toldBy } from "./rules/outcome.ts";
import { circuitItem, type StoredCircuit } from "./store.ts";

/** What of an organization's record calls to providers need to know. */
export interface CircuitFacts {
  /** Providers whose circuit is not closed. */
  readonly open: ReadonlySet<string>;
  readonly audit_days: number;
}

export const circuitFacts = (
  organization: Pick<Organization, "plan" | "settings" | "open_circuits">,
): CircuitFacts => ({
  open: organization.open_circuits ?? new Set(),
  audit_days: retentionOf(organization).audit_days,
});

/** Of this instance. */
const lately = new History();

/** Calls of one model, as the breaker sees them. */
export interface Guarded extends Pick<Watched, "table" | "provider"> {
  readonly facts: CircuitFacts;
  readonly model: string;
  readonly clock: Clock;
  /** How long a call may take. */
  readonly timeout_ms: number;
  readonly history?: History | undefined;
  readonly chance?: (() => number) | undefined;
}

const refused = (wait_ms: number) => ({
  fails: modelError("provider_unavailable", Math.max(1_000, Math.ceil(wait_ms))),
  close: async () => {},
});

/**
 * Stands before a meter: a call to a provider whose circuit is open fails at once, but for one that tries; and what calls meet
 * is counted. Costs nothing while a provider answers: the organization's record, which was read anyhow, says that nothing is open.
 * An answer that an earlier attempt has got is given whatever the circuit says.
 */
export function circuitMeter(own: CallMeter, of: Guarded): CallMeter {
  const { table, provider, facts, model, clock, timeout_ms, history = lately, chance = Math.random } = of;
  const watched: Watched = { table, provider, audit_days: facts.audit_days, chance };
  const key = `${table.tenant}#${provider}`;

  const ends = performance.now() + timeout_ms;
  let named = facts.open.has(provider);

  /** Read where the organization's record names it, or where the last that this instance has heard is that the provider failed. */
  const circuitNow = async (): Promise<StoredCircuit | undefined> => {
    if (!named && !history.failing(key)) return undefined;
    const circuit = await table.get(circuitItem, { provider });
    if (!named || (circuit !== undefined && circuit.state !== "closed")) return circuit;
    named = false;
    await mendMark(watched, false).catch(() => {});
    return circuit;
  };

  const learn = async (told: Told, failure: ModelError | undefined, began: Date, mine: StoredCircuit | undefined) => {
    const at = clock.now();
    const error = { code: failure?.code ?? "", model, at: timestamp(at) };
    if (told === "answers") history.answered(key, at);
    if (mine !== undefined) await endProbe(watched, mine, told === "fault" ? error : told, at);
    else if (told === "fault" && history.failed(key, at)) await countFailure(watched, error, { began, at });
  };

  return {
    open: async (call) => {
      const circuit = await circuitNow();
      const may = admission(circuit, clock.now());
      if (may.kind === "refused") {
        const found = await own.kept?.(call.number);
        return found === undefined ? refused(may.wait_ms) : { found, close: async () => {} };
      }
      const opened = await own.open(call);
      // Nobody is called.
      if (opened.found !== undefined || opened.refused !== undefined || opened.fails !== undefined) return opened;
      let mine: StoredCircuit | undefined;
      if (may.kind === "probe" && circuit !== undefined) {
        mine = await takeProbe(watched, circuit, Math.max(0, ends - performance.now()), clock.now()).catch(
          () => undefined,
        );
        if (mine === undefined) {
          await opened.close(undefined);
          return refused(0);
        }
      }
      const began = clock.now();
      return {
        ...opened,
        close: async (usage, answer, failure, waited_ms) => {
          await opened.close(usage, answer, failure, waited_ms);
          // What is not counted for a fault of ours is one failure of many; a probe that is not ended ends by its time.
          await learn(toldBy(failure?.code, usage !== undefined, waited_ms), failure, began, mine).catch(() => {});
        },
      };
    },
  };
}
