import type { LockedFile, LockedFiles } from "../../shared/blobs/locked.ts";

/** Locked files in memory, with what became of each. */
export function memoryLocked() {
  const kept = new Map<string, { readonly bytes: Uint8Array; readonly locked_until: string; held: boolean }>();
  const nameOf = ({ key, version_id }: LockedFile) => `${key}@${version_id}`;
  const find = (file: LockedFile) => {
    const found = kept.get(nameOf(file));
    if (found === undefined) throw new Error(`there is no ${nameOf(file)}`);
    return found;
  };
  const files: LockedFiles = {
    put: async (key, bytes, locked_until) => {
      const file = { key, version_id: String(kept.size + 1) };
      kept.set(nameOf(file), { bytes, locked_until, held: false });
      return file;
    },
    get: async (file) => find(file).bytes,
    hold: async (file, on) => {
      find(file).held = on;
    },
  };
  return { ...files, of: find, count: () => kept.size };
}
