import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectCognito } from "../sessions/cognito.ts";
import { revokePoolTokens } from "../sessions/consumers.ts";

const platform = connectPlatform("auth-revoke");
const settings = readSettings(["USER_POOL_ID", "USER_POOL_CLIENT_ID"]);
const { table, secrets } = platform;
const identities = connectCognito({ userPoolId: settings.USER_POOL_ID, clientId: settings.USER_POOL_CLIENT_ID });

export const handler = consume(platform.log, (event) => revokePoolTokens(event, { table, secrets, identities }));
