import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { type OperationShape, withoutPermission } from "../../../shared/http/operation.ts";
import { resourceTypes } from "../../../shared/http/resource.ts";

const all = allOperations.map(({ operation }) => operation);
const namesIn = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
const needsPermission = ({ permission }: OperationShape) =>
  !(withoutPermission as readonly string[]).includes(permission);
const describeOne = ({ id, resource }: OperationShape) => ({
  id,
  resource:
    resource === undefined ? null : { type: resource.type, ...("path" in resource ? { path: resource.path } : {}) },
});

describe("what an operation is about", () => {
  it("is said by every operation that needs a permission, and by no other", () => {
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter((one) => needsPermission(one) !== (one.resource !== undefined)).map(describeOne)).toEqual([]);
  });

  it("is of a known type, and a thing is found by parameters of the path, its own id first", () => {
    const wrong = all.filter(({ path, resource }) => {
      if (resource === undefined) return false;
      const known = (resourceTypes as readonly string[]).includes(resource.type);
      const names = namesIn(path);
      return !known || ("path" in resource && !resource.path.every((name) => names.includes(name)));
    });
    expect(wrong.map(describeOne)).toEqual([]);
  });

  it("is a thing wherever the path names one, and a collection where it does not", () => {
    const about = (one: OperationShape) => one.resource !== undefined && "path" in one.resource;
    const inconsistent = all.filter((one) => needsPermission(one) && about(one) !== /\{/.test(one.path));
    // The entries of a resource are kept when it is gone: there is nothing to load.
    expect(inconsistent.map(({ id }) => id)).toEqual(["audit.list_of_resource"]);
  });
});
