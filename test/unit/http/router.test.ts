import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { API_BASE, fullPath } from "../../../shared/http/operation.ts";
import { createRouter } from "../../../shared/http/router.ts";

const operations = allOperations.map(({ operation }) => operation);
const route = createRouter(operations);

describe("the router", () => {
  it("finds each operation by its path, with the values of its parameters", () => {
    for (const operation of operations) {
      const names = [...fullPath(operation).matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
      const values = Object.fromEntries(names.map((name, i) => [name, `v${i}`]));
      const path = fullPath(operation).replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
      const match = route(operation.method, path);
      expect(match.found && match.operation.id).toBe(operation.id);
      expect(match.found && match.path).toEqual(values);
    }
  });

  it("prefers a fixed segment, and goes back to a parameter where that leads nowhere", () => {
    const id = (method: string, path: string) => {
      const match = route(method, `${API_BASE}${path}`);
      return match.found ? match.operation.id : match.allow;
    };
    expect(id("GET", "/users/me")).toBe("users.me");
    expect(id("GET", "/users/usr_1")).toBe("users.get");
    expect(id("POST", "/users/me/suspend")).toBe("users.suspend");
    expect(id("POST", "/users/usr_1")).toEqual(["GET", "PATCH", "DELETE", "HEAD"]);
    expect(id("GET", "/nowhere")).toEqual([]);
    expect(id("GET", "/users/a/b/c")).toEqual([]);
  });

  it("answers HEAD wherever GET is", () => {
    const id = (path: string) => {
      const match = route("HEAD", `${API_BASE}${path}`);
      return match.found ? match.operation.id : match.allow;
    };
    expect(id("/users/me")).toBe("users.me");
    expect(id("/users/me/suspend")).toEqual(["POST"]);
  });

  it.each(["/users/me/", "/users//me", "//users/me", "/users/", "/nowhere/"])(
    "knows no path like %s, whatever stands there",
    (path) => {
      const match = route("GET", `${API_BASE}${path}`);
      expect(match).toMatchObject({ found: false, allow: [] });
      expect(match.found ? "" : match.detail).toContain("no slash at their end");
    },
  );

  it("decodes a value once, and leaves what cannot be decoded as it is", () => {
    const value = (text: string) => {
      const match = route("GET", `${API_BASE}/roles/${text}`);
      return match.found ? match.path.role : undefined;
    };
    expect([value("a%2Fb"), value("%252e"), value("100%")]).toEqual(["a/b", "%2e", "100%"]);
  });
});
