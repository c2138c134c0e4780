/** A key as it is kept. */
export interface KeptKey {
  readonly sealed: string;
  readonly set_at: string;
  /** Null for the present one. */
  readonly expires_at: string | null;
}

/** The keys that count at this moment: the present one, and the one before it until its overlap ends. */
export const liveKeys = <K extends Pick<KeptKey, "expires_at">>(keys: readonly K[], now: Date): K[] =>
  keys.filter(({ expires_at }) => expires_at === null || Date.parse(expires_at) > now.getTime());

/** The keys after a rotation: the new one, and the one that was present. One that was before that is forgotten. */
export function rotated(keys: readonly KeptKey[], next: KeptKey, previous_until: string): KeptKey[] {
  const present = keys.find(({ expires_at }) => expires_at === null);
  const overlaps = present !== undefined && previous_until > next.set_at;
  return overlaps ? [next, { ...present, expires_at: previous_until }] : [next];
}
