import type { ConnectorAnswer, ConnectorRequest, Connectors } from "../../functions/connectors/public.ts";

/** What a scripted connector answers; throwing, or never answering, are things that connectors do as well. */
export type ConnectorScript = (request: ConnectorRequest, nth: number) => ConnectorAnswer | Promise<ConnectorAnswer>;

export interface ScriptedConnectors extends Connectors {
  /** Everything that was asked, in order. */
  readonly asked: readonly (ConnectorRequest & { readonly tenant: string })[];
}

/**
 * Connectors of tests: each answers by its script. It keeps the promises of the port: who is asked for one that is not there, or
 * switched off, says so and does nothing.
 */
export function scriptedConnectors(
  scripts: Readonly<Record<string, ConnectorScript>>,
  { inactive = [] }: { readonly inactive?: readonly string[] } = {},
): ScriptedConnectors {
  const asked: (ConnectorRequest & { tenant: string })[] = [];
  return {
    asked,
    async find(_, ids) {
      return new Map(
        ids.flatMap((id) => (Object.hasOwn(scripts, id) ? [[id, { active: !inactive.includes(id) }] as const] : [])),
      );
    },
    async call({ tenant }, request) {
      const script = Object.hasOwn(scripts, request.connector_id) ? scripts[request.connector_id] : undefined;
      if (script === undefined) return { ok: false, code: "connector_missing", message: "There is no such connector." };
      if (inactive.includes(request.connector_id))
        return { ok: false, code: "connector_inactive", message: "The connector is switched off." };
      asked.push({ ...request, tenant });
      return script(request, asked.length);
    },
  };
}
