import { readSettings } from "../../../shared/config/settings.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { connectors } from "../../connectors/public.ts";
import { laterInvoker } from "../../models/invoking/public.ts";
import { runReads } from "../deps.ts";
import { denialOf } from "../engine/rights.ts";
import { runTask, taskInputSchema } from "../engine/task.ts";
import { workerOf } from "../engine/work.ts";

const platform = connectWorker("runs-node");
const { clock, log, secrets } = platform;
const reads = runReads(platform);
const outbound = createOutbound(outboundPolicy(readSettings(outboundSettings)));
const { AWS_REGION, AWS_ENDPOINT_URL } = readSettings(["AWS_REGION", "AWS_ENDPOINT_URL"]);
const bedrock = { region: AWS_REGION, endpoint: AWS_ENDPOINT_URL };
const worker = workerOf({
  ...reads,
  secrets,
  clock,
  outbound,
  connectors,
  invoker: laterInvoker({ outbound, bedrock }),
  invokerBy: (way) => laterInvoker({ outbound, bedrock, through: () => way }),
  compile_expression: compileExpression,
});

/** The one task of the workflow in `statemachines/pipeline-run.asl.json`. */
export const handler = async (event: unknown) =>
  runTask(taskInputSchema.parse(event), { ...reads, clock, log, worker, denial: denialOf });
