import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { connectCognito } from "../sessions/cognito.ts";
import { revokePoolTokens } from "../sessions/consumers.ts";

const platform = connectWorker("auth-revoke");
const settings = readSettings(["USER_POOL_ID", "USER_POOL_CLIENT_ID"]);
const { table, secrets } = platform;
const identities = connectCognito({ userPoolId: settings.USER_POOL_ID, clientId: settings.USER_POOL_CLIENT_ID });

export const handler = consume(platform.log, (event) => revokePoolTokens(event, { table, secrets, identities }));
