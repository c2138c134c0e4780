import { streamAnswers } from "../../../shared/http/stream.ts";
import { kmsKeysAtStart } from "../../../shared/secrets/at-start.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { doorDeps } from "../deps.ts";
import { answer } from "../door/answer.ts";

const worker = connectWorker("serving-door", kmsKeysAtStart);
const deps = doorDeps(worker);

export const handler = streamAnswers((event) => answer(event, deps), worker.log);
