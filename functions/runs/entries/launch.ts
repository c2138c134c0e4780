import { SchedulerClient } from "@aws-sdk/client-scheduler";
import * as z from "zod";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { launch } from "../consumers.ts";
import { connectDeadlines } from "../control/deadlines.ts";
import { runControl } from "../deps.ts";

const platform = connectPlatform("runs-launch");
const { DEADLINE_QUEUE_ARN, DEADLINE_ROLE_ARN } = parseEnvironment(
  z.object({ DEADLINE_QUEUE_ARN: z.string().min(1), DEADLINE_ROLE_ARN: z.string().min(1) }),
);
const target = { queue_arn: DEADLINE_QUEUE_ARN, role_arn: DEADLINE_ROLE_ARN };
const deadlines = connectDeadlines(new SchedulerClient(clientOptions("schedules")), target, () => platform.clock.now());
const deps = { ...runControl(platform), deadlines };

export const handler = consume(platform.log, (event) => launch(event, deps));
