import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { chatRequestSchema } from "../../../local/model/chat.ts";
import { sampleFor } from "../../../local/model/sample.ts";
import { answer } from "../../../local/model/script.ts";
import { countTokens, pieces } from "../../../local/model/words.ts";

const ask = (user: string, more: Record<string, unknown> = {}, system?: string) =>
  answer(
    chatRequestSchema.parse({
      model: "scripted-small",
      messages: [
        ...(system === undefined ? [] : [{ role: "system", content: system }]),
        { role: "user", content: user },
      ],
      ...more,
    }),
  );

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Reports the weather forecast of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer", minimum: 1, maximum: 5 } },
      required: ["city", "days"],
    },
  },
};
const refund = {
  type: "function",
  function: { name: "refund", description: "Pays an invoice back", parameters: { type: "object", properties: {} } },
};

describe("the scripted model's answer", () => {
  test("repeats the message and names the facts of the context that bear on it, best first, and no others", () => {
    const system = "Opening hours are 9 to 17. The refund period is 30 days. Refunds of invoices need an approval.";
    expect(ask("Can I get a refund for invoices?", {}, system).text).toBe(
      "You said: Can I get a refund for invoices?\n" +
        "What I know about it: Refunds of invoices need an approval. The refund period is 30 days.",
    );
    expect(ask("Tell me a joke", {}, system).text).toBe("You said: Tell me a joke");
  });

  test("is what a directive says for a message with certain words; the last that fits counts", () => {
    const message = "[[say:first]][[when:Round 1 => second]][[when:Round 2 => third => and more]]";
    expect(ask(message).text).toBe("first");
    expect(ask(`${message} Round 1`).text).toBe("second");
    expect(ask(`${message} Round 1 Round 2`).text).toBe("third => and more");
  });

  test("is the same for the same request", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, system) => {
        expect(ask(user, {}, system)).toEqual(ask(user, {}, system));
      }),
    );
  });

  test("is the label of a classification that shares most words with the message", () => {
    const system =
      "Route the message.\n- billing: invoices, payments, refunds\n- technical: errors and outages\nAnswer with exactly one of: billing, technical, other";
    expect(ask("My invoice is wrong and I want a refund", {}, system).text).toBe("billing");
    expect(ask("The server shows errors since the outage", {}, system).text).toBe("technical");
    expect(ask("Answer with exactly one of: red, dark_blue.\nI like a dark evening").text).toBe("dark_blue");
  });

  test("is the first label when none fits", () => {
    expect(ask("xyz", {}, "Answer with exactly one of: a1, b2, c3").text).toBe("a1");
  });

  test("is exactly the text that the message dictates, whatever else it asks for", () => {
    expect(ask("[[say:yes, exactly]] use get_weather", { tools: [weather] })).toMatchObject({
      text: "yes, exactly",
      tool_calls: [],
      finish_reason: "stop",
    });
  });

  test("is cut off at max_tokens and says so", () => {
    expect(ask("[[say:one two three four]]", { max_tokens: 2 })).toMatchObject({
      text: "one two",
      finish_reason: "length",
      usage: { completion_tokens: 2 },
    });
  });
});

describe("the scripted model's tools", () => {
  test("a tool that the message names is called, with arguments of its schema from the message", () => {
    const reply = ask("Please get_weather city=Bern for 12 days", { tools: [refund, weather] });
    expect(reply.finish_reason).toBe("tool_calls");
    expect(reply.tool_calls.map((call) => call.function.name)).toEqual(["get_weather"]);
    expect(JSON.parse(reply.tool_calls[0]?.function.arguments ?? "")).toEqual({ city: "Bern", days: 5 });
  });

  test("without a name the tool whose description shares a word is called, and none when no tool does", () => {
    const called = (user: string) =>
      ask(user, { tools: [refund, weather] }).tool_calls.map((call) => call.function.name);
    expect(called("What is the forecast?")).toEqual(["get_weather"]);
    expect(called("Good morning")).toEqual([]);
  });

  test("tool_choice forces or forbids the call", () => {
    const call = (choice: unknown) =>
      ask("Good morning", { tools: [refund, weather], tool_choice: choice }).tool_calls.map((one) => one.function.name);
    expect(call("required")).toEqual(["refund"]);
    expect(call({ type: "function", function: { name: "get_weather" } })).toEqual(["get_weather"]);
    expect(ask("get_weather", { tools: [weather], tool_choice: "none" }).tool_calls).toEqual([]);
  });

  test("a tool is called once in a turn and its result is part of the answer", () => {
    const first = ask("get_weather city=Bern", { tools: [weather] });
    const reply = answer(
      chatRequestSchema.parse({
        model: "m",
        tools: [weather],
        messages: [
          { role: "user", content: "get_weather city=Bern" },
          { role: "assistant", content: null, tool_calls: first.tool_calls },
          { role: "tool", tool_call_id: first.tool_calls[0]?.id, content: '{"temperature":21}' },
        ],
      }),
    );
    expect(reply).toMatchObject({ text: 'get_weather answered: {"temperature":21}', finish_reason: "stop" });
  });
});

describe("the scripted model's tokens", () => {
  test("are the words of all messages and of the answer", () => {
    const reply = ask("[[say:three words here]]", {}, "two words");
    expect(reply.usage).toEqual({ prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 });
  });

  test("are those that the message dictates", () => {
    expect(ask("hi [[tokens:in=100,out=20]]").usage).toEqual({
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
    });
  });

  test("pieces of a text are its tokens and joined are the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(pieces(text).join("")).toBe(text.trimEnd());
        expect(pieces(text)).toHaveLength(countTokens(text));
      }),
    );
  });
});

describe("a JSON answer", () => {
  const schema = z.strictObject({
    title: z.string().min(3).max(20),
    category: z.enum(["billing", "technical", "other"]),
    score: z.number().min(0).max(1),
    count: z.int().min(2),
    done: z.boolean(),
    tags: z.array(z.string()).min(2),
    nested: z.strictObject({ at: z.iso.datetime(), by: z.union([z.email(), z.null()]) }),
    note: z.string().optional(),
  });

  /** Messages that name what is asked for, with whatever value. */
  const naming = fc
    .tuple(fc.constantFrom("title", "category", "score", "count", "done", "at", "by", "note"), fc.string())
    .map(([name, said]) => `${name}=${said}`);

  test("is valid for the schema whatever the message says", () => {
    const response_format = { type: "json_schema", json_schema: { name: "x", schema: z.toJSONSchema(schema) } };
    fc.assert(
      fc.property(fc.oneof(fc.string(), naming), (user) => {
        const say = user.replaceAll("[[", "");
        expect(schema.safeParse(JSON.parse(ask(say, { response_format }).text)).error).toBeUndefined();
      }),
    );
  });

  test("takes enumerations and numbers from the message", () => {
    const value = sampleFor(z.toJSONSchema(schema), "a technical problem, 7 times");
    expect(value).toMatchObject({ category: "technical", score: 1, title: "a technical problem," });
    expect(sampleFor({ type: "object", properties: { n: { type: "integer" } }, required: ["n"] }, "take 7")).toEqual({
      n: 7,
    });
  });

  test("follows references and ends on recursive ones", () => {
    const tree = {
      $defs: { node: { type: "object", properties: { child: { $ref: "#/$defs/node" } }, required: ["child"] } },
      $ref: "#/$defs/node",
    };
    expect(JSON.stringify(sampleFor(tree, "x"))).toContain('{"child":');
  });

  test("without a schema is an object with the answer", () => {
    expect(JSON.parse(ask("hello", { response_format: { type: "json_object" } }).text)).toEqual({
      answer: "You said: hello",
    });
  });
});
