import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { hear } from "../consumers.ts";
import { jobDeps } from "../deps.ts";

const platform = connectPlatform("suites-work");
const deps = jobDeps(platform);

export const handler = consume(platform.log, (event) => hear(event, deps));
