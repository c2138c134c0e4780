import { readFileSync } from "node:fs";
import { Agent as WholeAgent, buildConnector as wholeConnector } from "undici";
import { describe, expect, it } from "vitest";
import * as parts from "../../../shared/outbound/lazy/undici.ts";
import { serve } from "./servers.ts";

/** The guarded client reaches into the inside of undici; an update that moves or changes what it takes is seen here. */
describe("the parts of undici that are taken from its inside", () => {
  it("are the ones that the package offers from its index", () => {
    expect(parts.Agent).toBe(WholeAgent);
    expect(parts.buildConnector).toBe(wholeConnector);
  });

  it("make a request through the dispatcher that is given as `this`", async () => {
    const server = await serve((_, response) => response.end("hello"));
    const agent = new parts.Agent();
    try {
      const answer = await parts.request.call(agent, {
        origin: `http://127.0.0.1:${server.port}`,
        path: "/",
        method: "GET",
      });
      expect(answer.statusCode).toBe(200);
      expect(await answer.body.text()).toBe("hello");
    } finally {
      await agent.destroy();
      await server.close();
    }
  });

  it("are of the version that was looked at", () => {
    const { version } = JSON.parse(readFileSync("node_modules/undici/package.json", "utf8"));
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(version).toBe(dependencies.undici);
  });
});
