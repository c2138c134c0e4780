import { connectWorker } from "../../../shared/worker.ts";
import { answer } from "../deploy/answer.ts";
import { deployDeps } from "../deps.ts";
import { askedSchema } from "../rules/protocol.ts";

const deps = deployDeps(connectWorker("serving-deploy"));

export const handler = (event: unknown) => answer(askedSchema.parse(event), deps);
