import { execFileSync } from "node:child_process";
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

/** Speed is measured in bench/, never asserted here: this only keeps a hung test from hanging the run. */
const hang = { testTimeout: 120_000, hookTimeout: 600_000 };

/** Files at a time. The stack that most of them wait for has to share the processor with them. */
const WORKERS = 2;

/**
 * Where the random cases of tests begin: the commit. Each commit tries others, and who runs the tests of a commit again tries
 * the same, so a green commit is green everywhere. In a copy without history it is the same for all.
 */
function seed(): string {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "0".repeat(40);
  }
}

interface Tier {
  /** Its tests need the local AWS with the deployed stack. */
  readonly onStack?: boolean;
  /** Tiers of a later group begin when all of the earlier ones have ended. */
  readonly groupOrder?: number;
  /** Each file in a process of its own; otherwise what is loaded stays loaded for the next file. */
  readonly isolate?: boolean;
}

/**
 * One vitest project per tier. Tiers on the local AWS share one emulator and one deployed stack.
 */
const tier = (name: string, { onStack = false, groupOrder = 0, isolate = false }: Tier = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: "node",
    isolate,
    sequence: { groupOrder },
    setupFiles: ["test/support/random-cases.ts"],
    ...hang,
    ...(onStack ? { globalSetup: ["test/support/emulator.ts"] } : {}),
  },
});

/**
 * Tests that look through the whole table, or have it looked through. Each such look costs as much as there is in it, so they go
 * first, while others have written little.
 */
const LOOK_THROUGH = [
  "integration/organizations/erasure.test.ts",
  "integration/purge/purge.test.ts",
  "integration/suites/clearing.test.ts",
  "e2e/deletion/deletion.test.ts",
  "e2e/organizations/erasure.test.ts",
  "e2e/purge/purge.test.ts",
];

class LooksFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer["sort"]>[0]) {
    const sorted = await super.sort(files);
    const looks = (file: (typeof sorted)[number]) => LOOK_THROUGH.some((name) => file.moduleId.endsWith(name));
    return [...sorted.filter(looks), ...sorted.filter((file) => !looks(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LooksFirst },
    maxWorkers: WORKERS,
    env: { KAIZEN_TEST_SEED: process.env.KAIZEN_TEST_SEED ?? seed() },
    projects: [
      tier("unit"),
      // Looks at everything that is declared, which is more where other tests have declared theirs.
      tier("docs", { isolate: true }),
      tier("infra"),
      tier("clients"),
      tier("integration", { onStack: true }),
      tier("security", { onStack: true }),
      tier("e2e", { onStack: true }),
      // Kills the functions of the stack, for which other tests would fail.
      tier("faults", { onStack: true, groupOrder: 1 }),
    ],
  },
});
