import fc from "fast-check";
import { thorough } from "./thorough.ts";

/**
 * Every test of random cases begins where the run of the tests does (`KAIZEN_TEST_SEED`, hexadecimal; the commit when nobody
 * sets it: vitest.config.ts), and in `npm run test:thorough` anywhere. A test that fails prints the seed.
 */
const { KAIZEN_TEST_SEED: text = "" } = process.env;
if (!thorough) fc.configureGlobal({ seed: Number.parseInt(text.slice(0, 8), 16) | 0 });
