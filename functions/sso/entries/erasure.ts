import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectProviders } from "../connections/pool.ts";
import * as consumers from "../consumers.ts";

const platform = connectPlatform("sso-erasure");
const deps = { table: platform.table, providers: connectProviders(readSettings(["USER_POOL_ID"]).USER_POOL_ID) };

export const handler = consume(platform.log, (event) => consumers.forgetAtPool(event, deps));
