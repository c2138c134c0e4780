import * as z from "zod";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectCognito } from "../sessions/cognito.ts";
import { revokePoolTokens } from "../sessions/consumers.ts";

const platform = connectPlatform("auth-revoke");
const settings = parseEnvironment(z.object({ USER_POOL_ID: z.string(), USER_POOL_CLIENT_ID: z.string() }));
const { table, secrets } = platform;
const identities = connectCognito({ userPoolId: settings.USER_POOL_ID, clientId: settings.USER_POOL_CLIENT_ID });

export const handler = consume(platform.log, (event) => revokePoolTokens(event, { table, secrets, identities }));
