import Bowser from "bowser";
import fc from "fast-check";
import { expect, it } from "vitest";
import { deviceOf } from "../../../functions/auth/sessions/device.ts";

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";

it.each([
  [CHROME, "Chrome on Windows"],
  ["curl/8.1", "curl"],
  ["python-requests/2.31", "python-requests"],
  ["kaizen-cli", "kaizen-cli"],
  ["", "Unknown"],
  ["https://evil.example/ x", "Unknown"],
  ["Your account is locked: https://evil.example/unlock now/1 x", "Your"],
])("the device of %j is %s", async (user_agent, device) => {
  expect(await deviceOf(user_agent)).toBe(device);
});

/** What the library itself calls programs and systems, and both together. */
const systems = Object.values(Bowser.OS_MAP);
const parts = new Set(
  [...Object.values(Bowser.BROWSER_MAP), "Unknown"].flatMap((name) => [
    name,
    ...systems.map((os) => `${name} on ${os}`),
  ]),
);
const WORD = new RegExp(`^[A-Za-z\\d-]{1,30}(?: on (?:${systems.join("|")}))?$`);

it("whatever a program calls itself, it writes no sentence and no address into our mails", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 120 }), async (name) => {
      for (const one of [name, `${name}/1.0 x`, `Mozilla/5.0 (${name}) ${name}/1`])
        expect(parts.has(await deviceOf(one)) || WORD.test(await deviceOf(one))).toBe(true);
    }),
  );
});
