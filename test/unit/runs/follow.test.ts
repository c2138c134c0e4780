import { afterEach, expect, it, vi } from "vitest";
import { follow } from "../../../functions/runs/log/follow.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";

afterEach(() => void vi.useRealTimers());

/** The table of a run that lives and says nothing. */
const silent = { page: async () => ({ items: [] }), get: async () => ({}) } as unknown as TenantTable;

it("a stream of a run is left after 45 seconds with where to go on from: AWS runs on and bills it when its reader is gone", async () => {
  vi.useFakeTimers({ now: 0 });
  const stream = follow(silent, "run_1", 7);
  let ended = 0;
  const next = stream.next().then(({ value }) => {
    ended = Date.now();
    return value;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await next).toEqual({ id: "7", retry: 1_000, event: "reconnect", data: { after: 7 } });
  expect(ended).toBe(45_000);
  expect((await stream.next()).done).toBe(true);
});
