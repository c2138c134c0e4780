import type { ChangeSet } from "../../../shared/change/commit.ts";
import { requireMatch } from "../../../shared/change/update.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { DocumentAnswer } from "../../../shared/http/operation.ts";
import { SCIM_BASE } from "../model.ts";
import type { directoryOperations } from "../operations.ts";
import { project } from "../rules/projection.ts";

type AnyCall = Call<(typeof directoryOperations)["getUser"]>;

/** What every request of a directory has, one within a bulk too. */
export interface DirectoryCall
  extends Pick<AnyCall, "caller" | "at" | "origin" | "if_match" | "context" | "stillPermitted"> {
  commit(change: ChangeSet, answer: never): Promise<unknown>;
  /** When what takes long has to end, by `performance.now()`; within a bulk all of it together. */
  readonly until?: number;
}

/** A request ends after 29 seconds: what is left of a long change some time before is asked for again. */
const BUDGET_MS = 20_000;

/** Until when a request may begin more of what takes long. */
export const deadlineOf = ({ until = performance.now() + BUDGET_MS }: Pick<DirectoryCall, "at" | "until">): number =>
  until;

/** What a client wants to see of resources (RFC 7644, 3.9). */
export interface Wanted {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/** Commits a change on the condition that the directory's token still counts. The answer is made of what was written. */
export async function commit(call: DirectoryCall, change: ChangeSet): Promise<void> {
  await call.commit({ ...change, writes: [call.stillPermitted(), ...change.writes] }, undefined as never);
}

export const baseOf = ({ origin }: Pick<DirectoryCall, "origin">): string => origin + SCIM_BASE;

/** A resource with its version. */
export interface Versioned {
  readonly document: Record<string, unknown>;
  readonly version: string;
}

/** A resource as it was asked for, with its tag and its address. */
export function answer(
  { document, version }: Versioned,
  wanted: Wanted,
): DocumentAnswer & { readonly document: object } {
  const { location } = document.meta as { readonly location: string };
  return {
    document: project(document, {
      ...(wanted.attributes === undefined ? {} : { attributes: wanted.attributes }),
      ...(wanted.excludedAttributes === undefined ? {} : { excludedAttributes: wanted.excludedAttributes }),
    }),
    headers: { etag: `W/"${version}"`, location },
  };
}

/** That nothing has changed, for a client that has this version already (RFC 7644, 3.14). */
export function unchanged(
  { if_none_match }: Pick<AnyCall, "if_none_match">,
  version: string,
): DocumentAnswer | undefined {
  const has = if_none_match === "*" || if_none_match?.includes(version) === true;
  return has ? { document: null, unchanged: true, headers: { etag: `W/"${version}"` } } : undefined;
}

/** @throws Problem `precondition_failed` where the client has seen another state */
export const requireVersion = (
  { if_match }: Pick<DirectoryCall, "if_match">,
  { version }: Pick<Versioned, "version">,
) => requireMatch(if_match, version);

/** Whether an attribute is among those that are asked for, by its name or by a part of it. */
export const names = (list: string | undefined, attribute: string): boolean =>
  (list ?? "").split(",").some((one) => {
    const name = one.trim().toLowerCase();
    return name === attribute || name.startsWith(`${attribute}.`) || name.endsWith(`:${attribute}`);
  });
