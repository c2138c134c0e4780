/** Bounds of the data-key cache. A key leaves at the first bound that it meets. */
export type KeyCacheLimits = {
  /** Keys held at once; the least recently used one makes room. */
  max_entries: number;
  /** Age after which the key service is asked again. */
  max_age_ms: number;
  /** Clear text decrypted with one key before the key service is asked again. */
  max_bytes: number;
};

type Entry = { key: Promise<Uint8Array>; expires_at: number; bytes_left: number };

/**
 * Data keys by wrapped key and context, in memory of one function instance only. Callers that ask at the same moment share one
 * call; a failure is never kept. The clear key of an evicted entry is left to the garbage collector, since a reader may hold it.
 */
export const createKeyCache = (limits: KeyCacheLimits, now: () => number) => {
  const entries = new Map<string, Entry>();

  /** The key for `id`, out of the cache or from `load`; `bytes` is what the caller is about to decrypt. */
  const get = (id: string, bytes: number, load: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const known = entries.get(id);
    entries.delete(id);
    if (known !== undefined && known.expires_at > now() && known.bytes_left >= bytes) {
      known.bytes_left -= bytes;
      entries.set(id, known); // newest again
      return known.key;
    }
    const key = load();
    const entry = { key, expires_at: now() + limits.max_age_ms, bytes_left: limits.max_bytes - bytes };
    entries.set(id, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= limits.max_entries) break;
      entries.delete(oldest);
    }
    key.catch(() => {
      if (entries.get(id) === entry) entries.delete(id);
    });
    return key;
  };

  return { get, size: () => entries.size };
};
