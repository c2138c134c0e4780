import type { Environment } from "../../environments.ts";

/**
 * To what an API key is confined, beside its scopes: workspaces, environments, or both. Empty: to none of that kind.
 * Asked of every request before it is handled (`shared/policies/confined.ts`), and of every step of a run that the key started.
 */
export interface Confines {
  readonly workspace_ids: readonly string[];
  readonly environments: readonly Environment[];
}

/** Where a thing is: an agent in workspaces, a workspace in itself and meant for an environment. */
export interface Place {
  readonly workspace_ids: readonly string[];
  /** Null or missing for what is of none. */
  readonly environment?: string | null | undefined;
}

export const isConfined = ({ workspace_ids, environments }: Confines): boolean =>
  workspace_ids.length + environments.length > 0;

/** Whether a thing is within reach: in one of the workspaces, and of one of the environments, where the key is confined to such. */
export const reaches = ({ workspace_ids, environments }: Confines, place: Place): boolean =>
  (workspace_ids.length === 0 || place.workspace_ids.some((id) => workspace_ids.includes(id))) &&
  (environments.length === 0 || environments.some((one) => one === place.environment));

/** Whether a key reaches more by the second confines than by the first. */
export const widens = (before: Confines, after: Confines): boolean =>
  isWider(before.workspace_ids, after.workspace_ids) || isWider(before.environments, after.environments);

const isWider = (before: readonly string[], after: readonly string[]): boolean =>
  before.length > 0 && (after.length === 0 || after.some((one) => !before.includes(one)));

/**
 * Whether a thing may be moved so: it is within reach before and after, and neither put into workspaces of others nor taken out of
 * them. Of one that is being made there is no place before.
 */
export function mayMove(confines: Confines, before: Place | undefined, after: Place): boolean {
  if ((before !== undefined && !reaches(confines, before)) || !reaches(confines, after)) return false;
  if (confines.workspace_ids.length === 0) return true;
  const others = ({ workspace_ids }: Place) => new Set(workspace_ids).difference(new Set(confines.workspace_ids));
  const had = before === undefined ? new Set<string>() : others(before);
  return had.symmetricDifference(others(after)).size === 0;
}
