import { describe, expect, it } from "vitest";
import * as z from "zod";
import { errorCodes, notFound, Problem } from "../../../shared/errors.ts";
import { problemAnswer, problemSchema, render, toProblem } from "../../../shared/http/answer.ts";
import { operation } from "../../../shared/http/operation.ts";

const base = {
  method: "POST",
  path: "/things",
  summary: "",
  permission: "authenticated",
  request: {},
  errors: [],
} as const;
const thing = z.object({ id: z.string(), name: z.string() });
const json = (body: unknown) => JSON.parse(String(body));

describe("an answer", () => {
  it("leaves out what the operation does not declare, and names the entity tag and the place", () => {
    const create = operation({ ...base, id: "things.create", response: thing, success: 201 });
    const answer = render(create, { id: "t", name: "n", etag: "e", secret: "s" }, "/api/v1/things");
    expect(json(answer.body)).toEqual({ id: "t", name: "n" });
    expect(answer.headers).toMatchObject({ etag: '"e"', location: "/api/v1/things/t", "cache-control": "no-store" });
  });

  it("names another place where the operation says so, with what it needs from the answer", () => {
    const start = operation({ ...base, id: "runs.start", response: thing, success: 202, location: "/runs/{id}" });
    expect(render(start, { id: "a/b", name: "n" }, "/x").headers.location).toBe("/api/v1/runs/a%2Fb");
  });

  it("that does not fit its declaration never leaves", () => {
    const read = operation({ ...base, id: "things.read", response: thing, success: 200 });
    expect(() => render(read, { id: "t" }, "/x")).toThrow();
  });

  it("with a file has a name that cannot end the header", () => {
    const file = operation({ ...base, id: "things.file", response: "file", media_types: ["text/csv"], success: 200 });
    const answer = render(file, { content_type: "text/csv", filename: 'a"\r\nSet-Cookie: x.csv', content: "" }, "/x");
    expect(answer.headers["content-disposition"]).toBe('attachment; filename="a___Set-Cookie__x.csv"');
  });

  it("with a file of a type that the operation does not name never leaves", () => {
    const file = operation({ ...base, id: "things.file", response: "file", media_types: ["text/csv"], success: 200 });
    expect(() => render(file, { content_type: "text/html", content: "" }, "/x")).toThrow(
      "things.file does not name the type text/html",
    );
  });

  it("as events is their text, each with its id, its type and its data on one line", async () => {
    const follow = operation({ ...base, id: "things.follow", response: "events", success: 200 });
    async function* events() {
      yield { id: "1", event: "made", data: { text: "a\nb" } };
      yield { id: "1", retry: 1_000, event: "reconnect", data: {} };
      yield { event: "end", data: null };
    }
    let text = "";
    for await (const piece of render(follow, events(), "/x").body as AsyncIterable<string>) text += piece;
    expect(text).toBe(
      'id: 1\nevent: made\ndata: {"text":"a\\nb"}\n\nid: 1\nretry: 1000\nevent: reconnect\ndata: {}\n\nevent: end\ndata: null\n\n',
    );
  });

  it("as events that are over is 204 without a body or a type", () => {
    const follow = operation({ ...base, id: "things.follow", response: "events", success: 200 });
    const { status, headers, body } = render(follow, null, "/x");
    expect([status, headers["content-type"], body]).toEqual([204, undefined, ""]);
  });
});

describe("a refusal", () => {
  it("is a problem document with its code, its status and what the caller needs", () => {
    const problem = new Problem("quota_exceeded", "No room.", {
      members: { limit: 3 },
      headers: { "retry-after": "5" },
      cause: new Error("inside"),
    });
    const answer = problemAnswer(problem, "req_1");
    expect(answer.status).toBe(402);
    expect(answer.headers).toMatchObject({ "content-type": "application/problem+json", "retry-after": "5" });
    expect(problemSchema.parse(json(answer.body))).toEqual({
      type: "/api/v1/errors/quota_exceeded",
      title: errorCodes.quota_exceeded.title,
      remedy: errorCodes.quota_exceeded.remedy,
      status: 402,
      detail: "No room.",
      code: "quota_exceeded",
      request_id: "req_1",
      limit: 3,
    });
    expect(String(answer.body)).not.toContain("inside");
  });

  it("of ours says nothing of its cause", () => {
    const problem = toProblem(new TypeError("cannot read pk of undefined in table kaizen"));
    expect([problem.code, problem.detail]).toEqual(["internal_error", "The request could not be completed."]);
    expect(toProblem(notFound()).code).toBe("not_found");
  });
});
