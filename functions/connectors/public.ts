import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Json } from "../../shared/expressions/json.ts";

/** One request through a connector. */
export interface ConnectorRequest {
  readonly connector_id: string;
  readonly input: Json;
  /** The same for all attempts of one step: they are the same request. */
  readonly idempotency_key: string;
  /** Ends the request; whoever asks has no more time for it. */
  readonly signal: AbortSignal;
}

/** Why a connector has no answer, and whether the same request may have one later. */
export const connectorErrors = {
  connector_missing: { retryable: false },
  connector_inactive: { retryable: false },
  connector_refused: { retryable: false },
  connector_answer_invalid: { retryable: false },
  connector_timeout: { retryable: true },
  connector_rate_limited: { retryable: true },
  connector_unavailable: { retryable: true },
} as const;
export type ConnectorErrorCode = keyof typeof connectorErrors;

/** Failures are values. What it answers has lost the connector's own secrets. */
export type ConnectorAnswer =
  | { readonly ok: true; readonly output: Json }
  | {
      readonly ok: false;
      readonly code: ConnectorErrorCode;
      /** For people; tells nothing of settings or hosts. */
      readonly message: string;
      readonly retry_after_ms?: number | undefined;
    };

/**
 * The port to connectors: stored, tested access to systems outside. What runs a graph knows no more of them than this, so each kind
 * of system (a database, an API, storage, messaging) is one implementation.
 */
export interface Connectors {
  /** Which of these there are in the organization, and whether they can be used. */
  find(table: TenantTable, ids: readonly string[]): Promise<ReadonlyMap<string, { readonly active: boolean }>>;
  /** Asks one connector once. */
  call(table: Pick<TenantTable, "tenant">, request: ConnectorRequest): Promise<ConnectorAnswer>;
}

/** The connectors of this version: none. A graph that names one is kept as a draft and cannot be activated. */
export const connectors: Connectors = {
  find: async () => new Map(),
  call: async () => ({ ok: false, code: "connector_missing", message: "There is no such connector." }),
};
