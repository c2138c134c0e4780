import { createHash, randomBytes } from "node:crypto";
import { hashBy, isHashOf } from "../shared/access/keys/pepper.ts";
import { keyText, readKey } from "../shared/access/keys/text.ts";
import { newId } from "../shared/ids.ts";
import { inTurns, microsecondsOf, spreadOf } from "./measure.ts";
import { atMost, type Benchmark } from "./row.ts";

const CALLS = 2_000;
const ROUNDS = 151;

export const keyVerification: Benchmark = {
  id: "key-verification",
  title: "Verifying an API key",
  about: `
What a request with an API key costs the processor beside its one read: its text taken apart, its checksum, HMAC-SHA-256 with the
pepper, and the comparison in constant time. The other side is one SHA-256 of the same text.
`,
  async run() {
    const at = new Date();
    const key = { id: newId("api_key", at), organization_id: newId("organization", at) };
    const text = keyText(key, randomBytes(32).toString("base64url"));
    const by = hashBy(randomBytes(32));
    const hash = by(readKey(text)?.proof ?? "");
    const verify = (): void => {
      const parts = readKey(text);
      if (parts === undefined || !isHashOf(hash, parts.proof, by)) throw new Error("the key is good");
    };
    const bare = (): void => {
      if (createHash("sha256").update(text).digest("base64url").length !== 43) throw new Error("a hash has 43 signs");
    };
    const works = { ours: () => microsecondsOf(CALLS, verify), bare: () => microsecondsOf(CALLS, bare) };
    // The engine optimises for what it has seen.
    await inTurns(ROUNDS / 10, works);
    const { ours, bare: other } = await inTurns(ROUNDS, works);
    const facts = { id: "key-sha256", what: "Verifying an API key against one SHA-256 of its text", unit: "µs" };
    return [atMost(3, { ...facts, spread: spreadOf(ours) }, ours.least, other.least)];
  },
};
