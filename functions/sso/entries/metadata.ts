import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { connectProviders } from "../connections/pool.ts";
import { lookAtProvider } from "../saml/consumers.ts";
import { samlLook } from "../store.ts";

const platform = connectWorker("sso-metadata");
const read = readSettings(["USER_POOL_ID", ...outboundSettings]);
const policy = outboundPolicy(read);
const deps = {
  ...platform,
  providers: connectProviders(read.USER_POOL_ID),
  outbound: createOutbound(policy),
  allow_http: policy.allow_http,
};
const works = { [samlLook.kind]: (due: Due) => lookAtProvider(due, deps) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
