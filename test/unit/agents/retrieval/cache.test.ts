import { describe, expect, it } from "vitest";
import { IndexCache } from "../../../../functions/agents/retrieval/cache.ts";
import { indexBytes, type TextIndex, writeIndex } from "../../../../functions/agents/retrieval/rules/file.ts";

const index: TextIndex = { text: "a", dimensions: 2, chunks: [[0, 1, null]], vectors: Float32Array.of(1, 0) };
const size = indexBytes(index);

/** Files that say what was read, and how many at the same time. */
function files(missing: readonly string[] = []) {
  const read: string[] = [];
  let now = 0;
  let most = 0;
  const bytes = async (key: string) => {
    read.push(key);
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now--;
    return missing.includes(key) ? undefined : writeIndex(index);
  };
  return { bytes, read, most: () => most };
}

describe("what a warm instance keeps of indexes", () => {
  it("is read in the order that was asked for, few at the same time", async () => {
    const from = files(["7"]);
    const keys = Array.from({ length: 20 }, (_, i) => String(i));
    const found = await new IndexCache().read(from, keys);
    expect(found).toEqual(keys.map((key) => (key === "7" ? undefined : index)));
    expect(from.most()).toBe(4);
  });

  it("is read once, unless there was nothing", async () => {
    const from = files(["b"]);
    const cache = new IndexCache();
    await cache.read(from, ["a", "b"]);
    await cache.read(from, ["a", "b"]);
    expect(from.read).toEqual(["a", "b", "b"]);
  });

  it("gives way by the time of its last use, and what does not fit at all is not kept", async () => {
    const from = files();
    const cache = new IndexCache(size * 2);
    for (const key of ["a", "b", "a", "c", "a", "b"]) await cache.read(from, [key]);
    expect(from.read).toEqual(["a", "b", "c", "b"]);
    const small = new IndexCache(size - 1);
    await small.read(from, ["z"]);
    await small.read(from, ["z"]);
    expect(from.read.slice(4)).toEqual(["z", "z"]);
  });
});
