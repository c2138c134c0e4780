import { eventsByRoom } from "../../functions/events.ts";
import { compiledTemplates } from "../../functions/exchange/templates/compile.ts";
import { allOperations } from "../../functions/operations.ts";
import { openApiDocument } from "../../functions/platform/openapi/document.ts";
import { version } from "../../functions/platform/reference/rules/version.ts";
import { renderErrors } from "./errors.ts";
import { renderEvents } from "./events.ts";
import { declaredItemsOfAllRooms } from "./items.ts";
import { renderKeyPolicy } from "./key-policy.ts";
import { renderKeys } from "./keys.ts";
import { renderLimits } from "./limits.ts";
import { renderNodeKinds } from "./node-kinds.ts";
import { renderPermissions } from "./permissions.ts";
import { renderPolicies } from "./policies.ts";
import { renderAsked } from "./policies-asked.ts";
import { renderSettings } from "./settings.ts";
import { declaredStatesOfAllRooms, renderStates } from "./states.ts";
import { renderTemplates } from "./templates.ts";

/** Every generated document by its file name in docs/. */
export async function renderDocs(): Promise<Record<string, string>> {
  const document = openApiDocument({ operations: allOperations, events: eventsByRoom, version });
  const templates = await compiledTemplates();
  return {
    "openapi.json": `${JSON.stringify(document, null, 2)}\n`,
    "errors.md": renderErrors(allOperations),
    "key-policy.md": renderKeyPolicy(),
    "keys.md": renderKeys(await declaredItemsOfAllRooms()),
    "events.md": renderEvents(eventsByRoom),
    "limits.md": renderLimits(allOperations),
    "node-kinds.md": renderNodeKinds(),
    "permissions.md": renderPermissions(allOperations),
    "policies.md": renderPolicies(),
    "settings.md": renderSettings(),
    "templates.md": renderTemplates(templates),
    "../functions/exchange/templates/rules/lazy/library.json": `${JSON.stringify(templates, null, 2)}\n`,
    "../functions/policies/rules/operations.json": renderAsked(allOperations),
    "states.md": renderStates(await declaredStatesOfAllRooms()),
  };
}
