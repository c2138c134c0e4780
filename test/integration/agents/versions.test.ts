import { S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, inject, it } from "vitest";
import * as handlers from "../../../functions/agents/handlers.ts";
import { operations } from "../../../functions/agents/operations.ts";
import { inlineOr } from "../../../shared/blobs/blobs.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { createBlobs, createFiles } from "../../../shared/blobs/s3.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { checkUrl } from "../../../shared/outbound/url.ts";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { awsConfig, stackPlatform } from "../../support/stack.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

/** The room's operations in this process, on the deployed table: 50 functions at once would measure the laptop. */
function dispatcher() {
  const platform = stackPlatform();
  const s3 = new S3Client({ ...awsConfig(), forcePathStyle: true });
  const bucket = inject("stack").outputs.BucketName ?? "";
  return createDispatcher(operations, handlers, platform, {
    table: platform.table,
    secrets: platform.secrets,
    blobs: inlineOr(createBlobs(sdk, s3, bucket)),
    files: createFiles(sdk, s3, bucket),
    checkUrl,
    compile_expression: compileExpression,
  });
}

describe("version numbers", () => {
  it("of 50 versions made at once are 50 consecutive ones, while others change the agent", async () => {
    const agent = await createAgent(company, { system_prompt: "x".repeat(10_000) });
    const dispatch = dispatcher();
    const send = (method: string, path: string, body: unknown) =>
      dispatch({
        method,
        path: `/api/v1/agents/${agent.id}${path}`,
        query: "",
        headers: { authorization: `Bearer ${company.token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        ip: "127.0.0.1",
      });
    const [created, changed] = await Promise.all([
      Promise.all(Array.from({ length: 50 }, (_, i) => send("POST", "/versions", { changelog: `${i}` }))),
      Promise.all(
        Array.from({ length: 5 }, (_, i) =>
          send("POST", "/contexts", { name: `c${i}`, content_type: "text", content: `fact ${i}` }),
        ),
      ),
    ]);
    expect(changed.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(created.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201));
    const numbers = created.map(({ body }) => JSON.parse(String(body)).number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    const read = await company.call("GET", `/agents/${agent.id}`);
    expect(read.body).toMatchObject({ latest_version: 50 });
    expect(read.body.contexts).toHaveLength(5);
    // A version holds what the agent was when it was made: never fewer contexts than the version before.
    const held: number[] = [];
    for (const number of [1, 10, 20, 30, 40, 50])
      held.push((await company.call("GET", `/agents/${agent.id}/versions/${number}`)).body.contexts.length);
    expect(held).toEqual(held.toSorted((a, b) => a - b));
  });
});
