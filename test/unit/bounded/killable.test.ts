import { afterAll, describe, expect, it } from "vitest";
import { Killable, workerFile } from "../../../shared/bounded/killable.ts";
import { isSmall } from "../../../shared/bounded/size.ts";

const file = new URL("./fixture/worker.ts", import.meta.url);
const killable = new Killable(file, { time_ms: 1_000, heap_mb: 64 });
afterAll(() => killable.close());

describe("work in a thread that can be ended", () => {
  it("is answered, one task after the other", async () => {
    expect(await Promise.all([1, 2, 3].map((n) => killable.run("double", n)))).toEqual(
      [2, 4, 6].map((value) => ({ ok: true, value })),
    );
  });

  it("is ended when it never ends by itself, and what waits behind it is worked", async () => {
    const [stuck, next] = await Promise.all([killable.run("forever", null), killable.run("double", 4)]);
    expect([stuck, next]).toEqual([
      { ok: false, code: "timed_out" },
      { ok: true, value: 8 },
    ]);
  });

  it("is ended when it fills its memory, and the process lives on", async () => {
    expect(await new Killable(file, { time_ms: 60_000, heap_mb: 32 }).run("fill", null)).toEqual({
      ok: false,
      code: "too_large",
    });
  });

  it("is ended when it fills the memory of the process beside its heap", async () => {
    const narrow = new Killable(file, { time_ms: 60_000, heap_mb: 32, process_mb: 100 });
    expect(await narrow.run("bytes", null)).toEqual({ ok: false, code: "too_large" });
    expect(await narrow.run("double", 1)).toEqual({ ok: true, value: 2 });
    await narrow.close();
  });

  it("tells its own faults as faults", async () => {
    await expect(killable.run("fail", null)).rejects.toThrow("the task's own fault");
    await expect(killable.run("constructor", null)).rejects.toThrow("no task is named constructor");
    expect(await killable.run("double", 1)).toEqual({ ok: true, value: 2 });
  });

  it("sees no setting and no secret of the process", async () => {
    expect(await killable.run("environment", null)).toEqual({ ok: true, value: [] });
  });

  it("has its file beside the asking one in the sources, and under its folder's name in bundles", () => {
    expect(workerFile("file:///a/shared/engines/run.ts", "engines").pathname).toBe("/a/shared/engines/worker.ts");
    expect(workerFile("file:///var/task/chunk-1.mjs", "engines").pathname).toBe("/var/task/engines.worker.mjs");
  });
});

describe("a small value", () => {
  it.each([
    ["x".repeat(900), true],
    ["x".repeat(1_100), false],
    [Array(1_000).fill(1), false],
    [{ a: { b: ["c"] } }, true],
    [Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`name${i}`, i])), false],
    [null, true],
  ])("%# is told from a large one", (value, small) => expect(isSmall(value, 1_000)).toBe(small));
});
