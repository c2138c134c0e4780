import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { allOperations } from "../../../functions/operations.ts";
import { permissionOf } from "../../../shared/http/permit.ts";
import { attributesOfType, namesOfType } from "../../../shared/policies/attributes.ts";
import { targets } from "../../../shared/policies/targets.ts";

const asked = allOperations.flatMap(({ operation }) => {
  const permission = permissionOf(operation);
  const { resource } = operation;
  return permission === undefined || resource === undefined ? [] : [{ operation, resource, permission }];
});
const isDescribed = (type: string) => Object.hasOwn(attributesOfType, type);
const described = asked.filter(({ resource }) => isDescribed(resource.type));

describe("what policies can be about", () => {
  it("is every type of things with every action that an operation asks for", () => {
    const found = new Map<string, Set<string>>();
    for (const { resource, permission } of asked) {
      const actions = found.get(resource.type) ?? new Set();
      found.set(resource.type, actions.add(permission.split(":")[1] ?? ""));
    }
    const derived = [...found].map(([type, actions]): [string, string[]] => [type, [...actions].sort()]);
    expect(targets).toEqual(Object.fromEntries(derived));
  });

  it("is known of a thing wherever a path names it", () => {
    const silent = described.filter(({ resource }) => "read" in resource && resource.subject === undefined);
    expect(silent.map(({ operation }) => operation.id)).toEqual([]);
    expect(described.length).toBeGreaterThan(50);
  });

  it("is known of each thing in a list, as of the thing itself", () => {
    const lists = asked.flatMap(({ operation, resource }) => {
      const type = operation.lists ?? ("list" in resource && operation.method === "GET" ? resource.type : undefined);
      return type !== undefined && isDescribed(type) ? [{ operation, type }] : [];
    });
    expect(lists.map(({ operation }) => operation.id).sort()).toEqual([
      "agents.list",
      "api_keys.list",
      "deployments.list",
      "gateways.list",
      "panel.list_agent_tests",
      "panel.list_pipeline_tests",
      "pipelines.list",
      "runs.list",
      "schedules.list",
      "teams.list",
      "webhooks.list",
      "workspaces.list",
    ]);
    for (const { operation, type } of lists) {
      const page = operation.response as z.ZodObject<{ items: z.ZodArray<z.ZodObject> }>;
      const fields = Object.keys(page.shape.items.element.shape);
      expect(fields).toEqual(expect.arrayContaining([...namesOfType(type)]));
    }
  });
});
