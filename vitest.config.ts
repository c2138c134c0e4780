import { defineConfig } from "vitest/config";

/** One vitest project per tier. Tiers that need the local AWS share one emulator, started by their global setup. */
const tier = (name: string, options: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: "node", ...options },
});

/** Speed is measured in bench/, never asserted here: this only keeps a hung test from hanging the run. */
const hang = { testTimeout: 120_000, hookTimeout: 600_000 };

export default defineConfig({
  test: {
    projects: [
      tier("unit", hang),
      tier("infra", hang),
      tier("integration", hang),
      tier("security", hang),
      tier("e2e", hang),
    ],
  },
});
