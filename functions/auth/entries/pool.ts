import type { PreSignUpTriggerEvent, PreTokenGenerationTriggerEvent } from "aws-lambda";
import * as z from "zod";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { createLog } from "../../../shared/observability/log.ts";

const { TABLE_NAME } = parseEnvironment(z.object({ TABLE_NAME: z.string().min(1) }));
const table = Table.connect(TABLE_NAME);
const log = createLog("auth-pool");

/**
 * The pool's own doors follow the table too. Accounts are made by this API or by a connected identity provider, never
 * by signing up at the pool; a user who is known and not active gets no token by any way in.
 */
export const handler = async (event: PreSignUpTriggerEvent | PreTokenGenerationTriggerEvent) => {
  if (event.triggerSource === "PreSignUp_SignUp") throw new Error("Accounts are registered through the API.");
  if (event.triggerSource.startsWith("TokenGeneration_")) {
    const user = await table.of(PLATFORM).get(userItem, { id: event.userName });
    if (user !== undefined && user.status !== "active") throw new Error("This account is not active.");
  }
  log.info("request.completed", { operation: event.triggerSource });
  return event;
};
