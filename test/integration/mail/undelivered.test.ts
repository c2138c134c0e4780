import { expect, it } from "vitest";
import { recordUndelivered } from "../../../functions/mail/consumers.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { addressHash, undeliverable, undeliverableItem } from "../../../shared/mail/undeliverable.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";

const complaint = (emailAddress: string) => ({ detail: { complaint: { complainedRecipients: [{ emailAddress }] } } });
const bounce = (emailAddress: string) => ({
  detail: { bounce: { bounceType: "Permanent", bouncedRecipients: [{ emailAddress }] } },
});
const at = new Date();
const record = (event: object, now = at) =>
  recordUndelivered(event, { table: stackTable(), clock: { now: () => now }, log: silentLog });
const kept = (address: string) =>
  stackTable()
    .of(PLATFORM)
    .get(undeliverableItem, { address_hash: addressHash(address) });
const days = (count: number) => timestamp(addSeconds(at, count * 86_400));

it("a bounce withholds mail for 30 days, a complaint for a year, which no bounce shortens, in any order and twice", async () => {
  const address = `${unique("x")}@Example.com`;
  expect(await undeliverable(stackTable(), address)).toBeUndefined();
  await record(bounce(address));
  await record(bounce(address));
  expect(await kept(address)).toMatchObject({ reason: "bounced", expires_at: days(30) });
  await record(complaint(address.toLowerCase()));
  await record(bounce(address));
  expect(await kept(address)).toMatchObject({ reason: "complained", expires_at: days(365) });
  expect(await undeliverable(stackTable(), address.toUpperCase())).toBe("complained");
});

it("an address whose time is over is sent to again", async () => {
  const address = `${unique("x")}@example.com`;
  await record(bounce(address), addSeconds(at, -31 * 86_400));
  expect(await undeliverable(stackTable(), address)).toBeUndefined();
});
