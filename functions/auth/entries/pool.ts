import type { PreSignUpTriggerEvent, PreTokenGenerationV2TriggerEvent } from "aws-lambda";
import { readSettings } from "../../../shared/config/settings.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { createLog } from "../../../shared/observability/log.ts";
import { admitToPool } from "../sessions/pool.ts";

const { TABLE_NAME } = readSettings(["TABLE_NAME"]);
const table = Table.connect(TABLE_NAME);
const log = createLog("auth-pool");

export const handler = async (event: PreSignUpTriggerEvent | PreTokenGenerationV2TriggerEvent) => {
  const answer = await admitToPool(event, table);
  log.info("request.completed", { operation: event.triggerSource });
  return answer;
};
