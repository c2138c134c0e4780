import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import type { Confines } from "../../../shared/access/keys/confines.ts";
import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import { judged, type Left, type Permitted } from "../../../shared/http/judge.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { permissionOf } from "../../../shared/http/permit.ts";
import type { Policy } from "../../../shared/policies/language.ts";

const asking = allOperations.flatMap(({ operation }) =>
  permissionOf(operation) === undefined ? [] : [operation as OperationShape],
);

interface Where {
  readonly workspace_ids: readonly string[];
  readonly environment: string | null;
}

/** Whatever is read is this thing, and what it is of, too. */
function thingIn({ workspace_ids, environment }: Where, kind = "pipeline") {
  const thing: Record<string, unknown> = {
    id: workspace_ids[0],
    name: "Thing",
    workspace_ids,
    environment,
    kind,
    target_id: "pip_1",
    pipeline_id: "pip_1",
  };
  const parts = [
    "agent",
    "pipeline",
    "workspace",
    "run",
    "before",
    "after",
    "suite",
    "one",
    "job",
    "schedule",
    "gateway",
  ];
  for (const part of parts) thing[part] = thing;
  return thing;
}

const fieldsOf = ({ request: { body } }: OperationShape): object =>
  body !== undefined && "shape" in body ? (body.shape as object) : {};

/** What is left of a request with a key that is confined so, about things that are there; its body moves nothing. */
async function left(operation: OperationShape, confines: Confines, where: Where, more: Partial<Permitted> = {}) {
  const thing = thingIn(where);
  const { resource } = operation;
  // What is made is where the things are that its body names.
  const named = resource !== undefined && "made" in resource ? { agent_id: "agt_1", gateway_id: "gtw_1" } : {};
  const said = Object.fromEntries(
    Object.keys(fieldsOf(operation)).flatMap((name) =>
      ["name", "workspace_ids", "environment"].includes(name) ? [[name, thing[name]]] : [],
    ),
  );
  const body = { ...said, ...named };
  try {
    return await judged({
      platform: { table: { of: () => ({ get: async () => thing }) } },
      operation,
      who: { session: undefined },
      rights: {
        by: "api_key",
        key: { id: "key_1", owner_type: "user", owner_id: "usr_1", scopes: ["*"], ...confines },
        role: "org_owner",
        caller: { organization: { id: "org_1" }, principal: { type: "api_key", id: "key_1" }, grants: ["*"] },
      },
      facts: { ip: "10.0.0.1", user_agent: "", method: operation.method },
      at: new Date("2026-06-01T12:00:00Z"),
      body,
      query: { pipeline_id: "pip_1" },
      path: {},
      load: async () => thing,
      ...more,
    } as unknown as Permitted);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const inA: Confines = { workspace_ids: ["wsp_a"], environments: [] };
const staging: Confines = { workspace_ids: [], environments: ["staging"] };
const place = (workspace: string, environment: string | null = null): Where => ({
  workspace_ids: [workspace],
  environment,
});
const operationOf = (id: string): OperationShape => {
  const found = asking.find((operation) => operation.id === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
};

/** Ids of the operations whose requests are let in. */
async function letIn(confines: Confines, where: Where): Promise<string[]> {
  const found: string[] = [];
  for (const operation of asking) {
    const answer = await left(operation, confines, where);
    if (answer instanceof Problem) expect([answer.code, operation.id]).toEqual(["key_confined", operation.id]);
    else found.push(operation.id);
  }
  return found;
}

/** Lists of what is in workspaces, and all that show what is within reach. */
const IN_WORKSPACES = ["agents.list", "deployments.list", "pipelines.list", "workspaces.list"];
const LISTS = [...IN_WORKSPACES, "gateways.list"];
const MODELS = ["models.get", "models.list"];
/** Types of which things are in workspaces, by themselves or by what they are of. */
const PLACED = ["agent", "deployment", "pipeline", "run", "schedule", "suite", "suite_run", "workspace"];

describe("a key that is confined", () => {
  it("to another workspace is refused everywhere, but for lists, which show nothing, and the catalogue of models", async () => {
    expect((await letIn(inA, place("wsp_b"))).sort()).toEqual([...LISTS, ...MODELS].sort());
    for (const id of IN_WORKSPACES) {
      const { shows } = (await left(operationOf(id), inA, place("wsp_a"))) as Left;
      expect([shows?.(thingIn(place("wsp_a"))), shows?.(thingIn(place("wsp_b")))], id).toEqual([true, false]);
    }
  });

  it("to the workspace of a thing is let in wherever that is what it is about, and has nothing of the whole organization's", async () => {
    const inside = await letIn(inA, place("wsp_a"));
    const placed = asking.filter(({ resource }) => PLACED.includes(resource?.type ?? "")).map(({ id }) => id);
    const refused = placed.filter((id) => !inside.includes(id));
    // What deals with several at once or is none of the workspace's own, and what names nothing that it could be told by.
    expect(refused.sort()).toEqual(["exchange.export", "exchange.import", "workspaces.create"]);
    // A gateway is in no workspace: a list of them is empty.
    expect(inside.filter((id) => !placed.includes(id)).sort()).toEqual(["gateways.list", ...MODELS]);
    const { shows } = (await left(operationOf("gateways.list"), inA, place("wsp_a"))) as Left;
    expect(shows?.({ id: "gtw_1", environment: "staging" })).toBe(false);
    expect(placed.length).toBeGreaterThan(100);
  });

  it("to an environment reaches workspaces that are meant for it and its gateways, and nothing that is of none", async () => {
    const inside = await letIn(staging, place("wsp_a", "staging"));
    const of = asking.filter(({ resource }) => ["workspace", "gateway", "deployment"].includes(resource?.type ?? ""));
    expect(inside.sort()).toEqual(
      [...of.map(({ id }) => id), ...LISTS, ...MODELS].filter((id, i, all) => all.indexOf(id) === i).sort(),
    );
    expect((await letIn(staging, place("wsp_a", "production"))).sort()).toEqual([...LISTS, ...MODELS].sort());
    const { shows } = (await left(operationOf("agents.list"), staging, place("wsp_a"))) as Left;
    // An agent says nothing of environments, whatever its record may hold.
    expect(shows?.(thingIn(place("wsp_a", "staging")))).toBe(false);
  });

  it("moves nothing into other workspaces, nor out of them", async () => {
    const update = operationOf("agents.update");
    const shared = { workspace_ids: ["wsp_a", "wsp_b"], environment: null };
    const to = async (workspace_ids: readonly string[]) => {
      const answer = await left(update, inA, shared, { body: { workspace_ids } });
      return answer instanceof Problem ? answer.code : "done";
    };
    expect(await to(["wsp_b", "wsp_a"])).toBe("done");
    expect(await to(["wsp_a", "wsp_b", "wsp_c"])).toBe("key_confined");
    expect(await to(["wsp_a"])).toBe("key_confined");
    expect(await to(["wsp_b"])).toBe("key_confined");
    const made = await left(operationOf("agents.create"), inA, shared);
    expect(made instanceof Problem && made.code).toBe("key_confined");
    for (const id of ["agents.duplicate", "pipelines.duplicate"]) {
      const copied = await left(operationOf(id), inA, shared);
      expect(copied instanceof Problem && copied.code).toBe("key_confined");
    }
    const becomes = await left(update, inA, shared, { body: {}, change: { workspace_ids: ["wsp_b"] } });
    expect(becomes instanceof Problem && becomes.code).toBe("key_confined");
  });

  it("does nothing besides with what it does not reach", async () => {
    const refused = async (id: string) => [
      ...((await left(operationOf(id), inA, place("wsp_a"))) as Left).refused.keys(),
    ];
    const all: [string, Permission[]][] = [
      ["agents.get", []],
      ["agents.duplicate", []],
      ["pipelines.get", ["agents:read_prompts"]],
      ["panel.test_pipeline", ["runs:read", "users:read"]],
      ["suites.create_case", ["runs:read"]],
      ["runs.rerun", ["agents:execute"]],
    ];
    for (const [id, permissions] of all) expect([id, await refused(id)]).toEqual([id, permissions]);
  });

  it("lists runs and schedules of something that it reaches, and not all of them", async () => {
    for (const id of ["runs.list", "schedules.list"]) {
      const answer = await left(operationOf(id), inA, place("wsp_a"), { query: {} });
      expect([id, answer instanceof Problem && answer.code]).toEqual([id, "key_confined"]);
    }
  });

  it("can look at itself and give itself up, and at no other key", async () => {
    for (const id of ["api_keys.get", "api_keys.revoke"]) {
      const own = await left(operationOf(id), inA, place("wsp_b"), { path: { api_key_id: "key_1" } });
      expect([id, own]).toMatchObject([id, { shows: undefined, refused: new Map() }]);
      const other = await left(operationOf(id), inA, place("wsp_a"), { path: { api_key_id: "key_2" } });
      expect([id, other instanceof Problem && other.code]).toEqual([id, "key_confined"]);
    }
  });

  it("sees of a list what neither its confines nor a policy hides", async () => {
    const policy: Policy = {
      id: "pol_1",
      name: "No drafts",
      effect: "deny",
      resource_type: "agent",
      action: "read",
      conditions: { path: "resource.name", op: "eq", value: "Draft" },
      assignments: [{ type: "organization" }],
      status: "active",
      version: 1,
    };
    const rules = { version: 1, roles: [], policies: [policy] };
    const organization = { id: "org_1", rules_version: 1 };
    const by = (workspace_ids: readonly string[]) =>
      left(operationOf("agents.list"), { workspace_ids, environments: [] }, place("wsp_a"), {
        platform: { table: { of: () => ({ get: async () => rules }) } },
        rights: {
          by: "api_key",
          key: { id: "key_1", owner_type: "user", owner_id: "usr_1", scopes: ["*"], workspace_ids, environments: [] },
          role: "org_owner",
          caller: { organization, principal: { type: "api_key", id: "key_1" }, grants: ["*"] },
        },
      } as unknown as Partial<Permitted>);
    const seen = async (workspace_ids: readonly string[]) => {
      const { shows } = (await by(workspace_ids)) as Left;
      const records = ["wsp_a", "wsp_b"].flatMap((workspace) =>
        ["Draft", "Ready"].map((name) => ({ ...thingIn(place(workspace)), id: `${name} in ${workspace}`, name })),
      );
      return records.filter((record) => shows?.(record) ?? true).map(({ id }) => id);
    };
    expect(await seen(["wsp_a"])).toEqual(["Ready in wsp_a"]);
    expect(await seen([])).toEqual(["Ready in wsp_a", "Ready in wsp_b"]);
  });

  it("compares a run with none of another workspace", async () => {
    const thing = { ...thingIn(place("wsp_a")), before: { kind: "pipeline", target_id: "pip_2" } };
    const far = thingIn(place("wsp_b"));
    const near = thingIn(place("wsp_a"));
    const table = { get: async (_: unknown, { id }: { id: string }) => (id === "pip_2" ? far : near) };
    const answer = await left(operationOf("runs.compare"), inA, place("wsp_a"), {
      load: async () => ({ ...thing, before: { run: thing.before } }),
      platform: { table: { of: () => table } },
    } as unknown as Partial<Permitted>);
    expect(answer instanceof Problem && answer.code).toBe("key_confined");
  });
});
