import * as z from "zod";
import { connectFiles } from "../../../shared/blobs/files.ts";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { clear } from "../consumers.ts";

const { table, log } = connectPlatform("runs-clear");
const { BUCKET_NAME } = parseEnvironment(z.object({ BUCKET_NAME: z.string().min(1) }));
const deps = { table, files: connectFiles(BUCKET_NAME).files };

export const handler = consume(log, (event) => clear(event, deps));
