import type { Caller, DirectoryCaller, SignedIn } from "../access/caller.ts";
import type { Permission } from "../access/permissions.ts";
import type { Principal } from "../access/principal.ts";
import type { ChangeContext, ChangeSet } from "../change/commit.ts";
import type { RequestFacts } from "../change/items.ts";
import type { IfMatch } from "../change/update.ts";
import type { Write } from "../dynamo/write.ts";
import type { Problem } from "../errors.ts";
import type { Membership } from "../identity/items.ts";
import type { Secured } from "../identity/settings.ts";
import type { Trace } from "../tracing/context.ts";
import type { Input, Loaded, Named, OperationShape, Output } from "./operation.ts";
import type { Asking } from "./permit.ts";
import type { ViewerPlace } from "./place.ts";

/** Who calls, as the permission demands: nobody known, a person signed in, a directory, or whoever acts in an organization. */
export type CallerOf<O extends OperationShape> = O["permission"] extends "public"
  ? null
  : O["permission"] extends "authenticated" | "operator"
    ? SignedIn
    : O["permission"] extends "directory"
      ? DirectoryCaller
      : Caller;

/** One request to one operation, parsed and permitted. Everything a handler may know of it. */
export interface Call<O extends OperationShape, P extends Permission = Named<O>> extends Input<O>, Asking<P> {
  readonly caller: CallerOf<O>;
  /**
   * The thing that the path names, read once however often it is asked for; `fresh` reads it again, for another try
   * after a lost race.
   * @throws Problem `not_found`
   */
  load(how?: { readonly fresh: boolean }): Promise<Loaded<O>>;
  /**
   * Asks the policies about what the thing becomes by these fields, where the body does not say them.
   * @throws Problem `policy_denied`
   */
  becomes(fields: object): Promise<void>;
  /** What would refuse this very request if the organization were so; undefined if nothing did. */
  refusedUnder(organization: Secured): Problem | undefined;
  /** Proves within a transaction of {@link commit} that the rights by which the call was permitted still stand. */
  stillPermitted(): Write;
  /**
   * The same, with all that {@link commit} adds to it, for transactions beside it.
   * @param beside what such a transaction writes or proves of its own: an item that stands there is not named again
   */
  proofs(beside?: readonly Write[]): Write[];
  /**
   * In the place of {@link stillPermitted} for whoever replaces their own membership, as it was read: that it is still what permitted
   * the call. @throws Problem `forbidden`, `membership_inactive`
   */
  requireSameStanding(own: Pick<Membership, "role" | "status">): void;
  /**
   * Authenticates the caller anew and checks the permission with live rights, for answers that take long. Nothing is
   * counted. @throws Problem the refusal that the next request would get
   */
  recheck(): Promise<void>;
  /** The sign-in behind the request; undefined where there is none. */
  readonly session_id: string | undefined;
  /** The time of the request; the same for all it writes. */
  readonly at: Date;
  readonly request: RequestFacts;
  /** The trace that the request continues, or begins. */
  readonly trace: Trace;
  /** Where the request's address is; null where no front says it. */
  readonly place: ViewerPlace | null;
  /** The `If-Match` header, when the caller wants to lose no race. */
  readonly if_match: IfMatch;
  /** The `If-None-Match` header: the states that the caller has already. */
  readonly if_none_match: IfMatch;
  /** Where a client that lost a stream of events goes on: the last id that it got. */
  readonly last_event_id: string | undefined;
  /** Who has signed the body, as secret scanners do it; only what checks that looks at it. */
  readonly signed: { readonly key_id: string; readonly signature: string; readonly body: string };
  /** The API's own origin: by which name the caller has reached it. */
  readonly origin: string;
  /** The `Cookie` header; empty when there is none. Only what a person's browser opens as a page looks at it. */
  readonly cookies: string;
  /** The `Accept-Encoding` header; empty when there is none. */
  readonly accept_encoding: string;
  /** Change context of the active organization. @throws when the caller has none */
  readonly context: ChangeContext;
  /**
   * Commits a change with its audit entries, its events and the stored answer to the idempotency key, all in one
   * transaction, and returns the answer. Public operations say for whom they act.
   */
  commit(
    change: ChangeSet,
    answer: Output<O>,
    as?: { readonly tenant: string; readonly actor: Principal },
  ): Promise<Output<O>>;
  /**
   * Commits a change after which the call goes on, with what its idempotency key is answered until the call ends, or from then on
   * should that fail: the same request never begins twice. For operations with an outside effect, whose key is taken before.
   * @param provisional small, since an item of the table holds it
   */
  begin(change: ChangeSet, provisional: Output<O>): Promise<void>;
  /** Commits technical state that is no change of the product (a rotated token, an upload slot), with the stored answer. */
  answer(writes: readonly Write[], answer: Output<O>): Promise<Output<O>>;
}

export type Handler<O extends OperationShape, D> = (call: Call<O>, deps: D) => Promise<Output<O>>;

/** One handler per operation, by the same name. */
export type Handlers<T extends Readonly<Record<string, OperationShape>>, D> = {
  readonly [K in keyof T]: Handler<T[K], D>;
};
