import { defineConfig } from "vitest/config";

/** Speed is measured in bench/, never asserted here: this only keeps a hung test from hanging the run. */
const hang = { testTimeout: 120_000, hookTimeout: 600_000 };

/**
 * One vitest project per tier. Tiers on the local AWS share one emulator and one deployed stack. Tiers of a later group
 * begin when all of the earlier ones have ended.
 */
const tier = (name: string, onStack: boolean, groupOrder = 0) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: "node",
    sequence: { groupOrder },
    ...hang,
    ...(onStack ? { globalSetup: ["test/support/emulator.ts"] } : {}),
  },
});

export default defineConfig({
  test: {
    projects: [
      tier("unit", false),
      tier("infra", false),
      tier("integration", true),
      tier("security", true),
      tier("e2e", true),
      // Kills the functions of the stack, for which other tests would fail.
      tier("faults", true, 1),
    ],
  },
});
