import { gunzipSync, gzipSync } from "node:zlib";
import { type Principal, principalKey } from "../access/principal.ts";
import { idempotencyItem } from "../change/items.ts";
import { addSeconds, timestamp } from "../clock.ts";
import type { ItemOf } from "../dynamo/item.ts";
import type { Read, Table, TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { sha256 } from "../hash.ts";
import type { Answer } from "./answer.ts";
import { type OperationShape, takesIdempotencyKey } from "./operation.ts";
import type { RawRequest } from "./parse.ts";
import type { Sealer } from "./platform.ts";

const KEPT_SECONDS = 24 * 3_600;
/** A running call with an effect outside holds its key this long; the longest synchronous call ends before. */
const LEASE_SECONDS = 60;

/** An item holds 400 KB; an answer with long texts in it is kept compressed. */
const COMPRESSED_FROM = 50_000;
const COMPRESSED = "gzip:";

const pack = (text: string): string =>
  text.length < COMPRESSED_FROM ? text : COMPRESSED + gzipSync(text).toString("base64");

const unpack = (kept: string): string =>
  kept.startsWith(COMPRESSED)
    ? gunzipSync(Buffer.from(kept.slice(COMPRESSED.length), "base64")).toString("utf8")
    : kept;

export type IdempotencyRecord = ItemOf<typeof idempotencyItem>;

export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Whether the request has a key by which it can be repeated. */
export const isRepeatable = (operation: OperationShape, { headers }: RawRequest): boolean =>
  takesIdempotencyKey(operation) && IDEMPOTENCY_KEY.test(headers["idempotency-key"] ?? "");

/**
 * The claim of a request that has an idempotency key.
 * @throws Problem `validation_failed` when the key is none
 */
export function claimOf(
  { table, secrets }: { readonly table: Table; readonly secrets: Sealer },
  operation: OperationShape,
  request: RawRequest,
  by: { readonly tenant: string; readonly principal: Principal | null; readonly at: Date },
): IdempotencyClaim | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined || !takesIdempotencyKey(operation)) return undefined;
  if (!IDEMPOTENCY_KEY.test(key)) {
    const issues = [
      { path: "header.idempotency-key", message: "must be 1 to 255 printable ASCII characters without spaces" },
    ];
    throw new Problem("validation_failed", "The idempotency key is not valid.", { issues });
  }
  return new IdempotencyClaim(table.of(by.tenant), secrets, operation, request, key, by.principal, by.at);
}

/** What of an operation its repetition depends on. */
export type RepeatedOperation = Pick<OperationShape, "id" | "sensitive">;

/** Another request took the key first; the winner's answer is to be replayed. */
export class LostToSameKey extends Problem {
  constructor() {
    super("request_in_progress", "Another request with this idempotency key came first.", {
      headers: { "retry-after": "1" },
    });
  }
}

/**
 * The idempotency key of one request: finds an earlier answer, and writes this one with the change it answers. A key
 * belongs to its caller. Where nobody is known yet it belongs to the whole request and the address it comes from, so
 * that strangers who choose the same key never meet.
 */
export class IdempotencyClaim {
  readonly #table: TenantTable;
  readonly #operation: RepeatedOperation;
  readonly #secrets: Sealer;
  readonly #key: { readonly scope: string; readonly key_hash: string };
  readonly #request_hash: string;
  readonly #now: Date;
  #leased = false;
  stored = false;
  /** What it was taken for has begun: an answer for the time being is kept, which another may follow. */
  begun = false;

  constructor(
    table: TenantTable,
    secrets: Sealer,
    operation: RepeatedOperation,
    request: Pick<RawRequest, "path" | "query" | "body" | "headers" | "ip">,
    key: string,
    principal: Principal | null,
    now: Date,
  ) {
    this.#table = table;
    this.#secrets = secrets;
    this.#operation = operation;
    const { path, query, body = "", headers } = request;
    this.#request_hash = sha256(`${path}\n${query}\n${body}\n${headers["organization-id"] ?? ""}`);
    this.#key =
      principal === null
        ? { scope: `public:${operation.id}`, key_hash: sha256(`${key}\n${request.ip}\n${this.#request_hash}`) }
        : { scope: `${principalKey(principal)}:${operation.id}`, key_hash: sha256(key) };
    this.#now = now;
  }

  /** What is read to find an earlier answer, for a batch with other reads. */
  get read(): Read<typeof idempotencyItem> {
    return this.#table.read(idempotencyItem, this.#key);
  }

  /**
   * The earlier answer to this key, or undefined when the request is the first.
   * @param known what `read` gave, where that has been read already
   */
  async replay(known?: { readonly record: IdempotencyRecord | undefined }): Promise<Answer | undefined> {
    const record = known === undefined ? await this.#table.get(idempotencyItem, this.#key) : known.record;
    if (record === undefined || Date.parse(record.expires_at) <= this.#now.getTime()) return undefined;
    if (record.request_hash !== this.#request_hash) {
      throw new Problem(
        "idempotency_conflict",
        "This idempotency key was used with another request in the last 24 hours.",
      );
    }
    if (record.status === "running" || record.answer === undefined) throw this.#inProgress();
    const text = this.#operation.sensitive
      ? await this.#secrets.decrypt(record.answer, this.#secretContext())
      : record.answer;
    const answer = JSON.parse(unpack(text)) as { status: number; headers: Record<string, string>; body: string };
    return { ...answer, headers: { ...answer.headers, "idempotent-replayed": "true" } };
  }

  /** The answer that another request with this key gave while this one was refused. Whoever holds the lease has no rival. */
  async winner(): Promise<Answer | undefined> {
    return this.#leased ? undefined : this.replay();
  }

  /** Takes the key before an effect outside our table; a second request waits instead of having the effect too. */
  async lease(seconds = LEASE_SECONDS): Promise<void> {
    await this.#table.transact([this.#write({ status: "running", seconds }, () => this.#inProgress())]);
    this.#leased = true;
  }

  /** Gives the key back after a refusal, so that the caller may try again; never once it has begun. */
  async release(): Promise<void> {
    if (!this.#leased || this.stored || this.begun) return;
    await this.#table.transact([this.#table.writes.remove(idempotencyItem, this.#key, {})]);
  }

  /** The write that remembers this answer; part of the transaction of the change. */
  async write(answer: Answer): Promise<Write> {
    if (typeof answer.body !== "string") throw new Error(`${this.#operation.id}: a streamed answer cannot be replayed`);
    const text = pack(JSON.stringify(answer));
    const kept = this.#operation.sensitive ? await this.#secrets.encrypt(text, this.#secretContext()) : text;
    return this.#write({ status: "done", answer: kept, seconds: KEPT_SECONDS }, () => new LostToSameKey());
  }

  #write(state: { status: "running" | "done"; answer?: string; seconds: number }, refuse: () => Problem): Write {
    const free = { any: [{ absent: ["pk"] }, { below: { expires_at: timestamp(this.#now) } }] };
    return this.#table.writes.update(
      idempotencyItem,
      this.#key,
      {
        set: {
          ...this.#key,
          request_hash: this.#request_hash,
          status: state.status,
          expires_at: timestamp(addSeconds(this.#now, state.seconds)),
          ...(state.answer === undefined ? {} : { answer: state.answer }),
        },
      },
      this.#leased ? { equals: { status: this.begun ? "done" : "running", request_hash: this.#request_hash } } : free,
      refuse,
    );
  }

  #secretContext() {
    return { purpose: "answers", tenant: this.#table.tenant, field: `idempotency.${this.#key.scope}` } as const;
  }

  #inProgress(): Problem {
    return new Problem("request_in_progress", "The first request with this idempotency key is still running.", {
      headers: { "retry-after": "2" },
    });
  }
}
