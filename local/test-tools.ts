import { pythonEnvironment } from "./python-environment.ts";

/**
 * Programs of the tests that are made in Python. A test that needs one awaits `testTools.ensureInstalled()` and runs
 * it from `testTools.bin`.
 */
export const testTools = pythonEnvironment("the tests' Python tools", "test/tools/requirements.txt");
