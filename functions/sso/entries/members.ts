import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { askDeps } from "../asked/deps.ts";
import * as enforcement from "../enforcement/handlers.ts";
import * as identities from "../identities/handlers.ts";
import * as linking from "../linking/handlers.ts";
import { memberOperations as operations } from "../operations.ts";
import * as trial from "../trial/handlers.ts";

const platform = connectPlatform("sso-members");
const handlers = { ...enforcement, ...identities, ...linking, ...trial };

export const handler = serve({ operations, handlers, platform, deps: askDeps(platform) });
