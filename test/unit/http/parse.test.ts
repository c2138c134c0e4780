import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Problem } from "../../../shared/errors.ts";
import { type Front, toRequest } from "../../../shared/http/front.ts";
import { operation } from "../../../shared/http/operation.ts";
import { jsonDepth, parseInput, parseJsonText, type RawRequest } from "../../../shared/http/parse.ts";
import { decimalInteger, emailSchema, nameSchema, pageQuery, tagsSchema } from "../../../shared/http/schemas.ts";

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const raw = (more: Partial<RawRequest> = {}): RawRequest => ({
  method: "POST",
  path: "/things",
  query: "",
  headers: { "content-type": "application/json" },
  body: undefined,
  ip: "127.0.0.1",
  ...more,
});

const create = operation({
  id: "things.create",
  method: "POST",
  path: "/things",
  summary: "",
  permission: "authenticated",
  request: {
    query: z.strictObject({ limit: decimalInteger({ min: 1, max: 5 }).optional() }),
    body: z.strictObject({ name: z.string().min(1), tags: z.array(z.strictObject({ id: z.string() })).optional() }),
  },
  response: "none",
  success: 204,
  errors: [],
});
const stop = operation({
  id: "things.stop",
  method: "POST",
  path: "/stop",
  summary: "",
  permission: "authenticated",
  request: {},
  response: "none",
  success: 204,
  errors: [],
});

const refusal = (run: () => unknown): Problem => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("the depth of a JSON text", () => {
  it("is that of its value, found without parsing it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
        expect(jsonDepth(JSON.stringify(value, null, indent))).toBe(depthOf(value));
      }),
    );
  });

  it("is not raised by brackets in texts, escaped quotes included", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{}"\\]{0,20}$/), (text) => {
        expect(jsonDepth(JSON.stringify({ [text]: text }))).toBe(1);
      }),
    );
  });

  it("of a million brackets is found at once, and refused", () => {
    expect(refusal(() => parseJsonText("[".repeat(1_000_000))).code).toBe("validation_failed");
  });
});

describe("a request", () => {
  it("has all that is wrong with it reported together, each with its place", () => {
    const problem = refusal(() =>
      parseInput(create, raw({ query: "limit=9&x=1", body: '{"name":"","tags":[{"id":"a"},{"di":"b"}],"nme":1}' }), {}),
    );
    expect(problem.options.issues?.map(({ path }) => path).sort()).toEqual(
      ["name", "nme", "query.limit", "query.x", "tags.1.di", "tags.1.id"].sort(),
    );
  });

  it("has no way to smuggle a prototype in", () => {
    const pathsOf = (text: string) => refusal(() => parseJsonText(text)).options.issues?.map(({ path }) => path);
    expect(pathsOf('{"a":{"__proto__":{"x":1}}}')).toEqual(["a.__proto__"]);
    expect(pathsOf('{"\\u005f_proto__":{"x":1}}')).toEqual(["__proto__"]);
    const query = refusal(() => parseInput(create, raw({ query: "__proto__=1", body: '{"name":"a"}' }), {}));
    expect(query.options.issues?.map(({ path }) => path)).toEqual(["query.__proto__"]);
    expect(parseJsonText('{"a":"__proto__"}')).toEqual({ a: "__proto__" });
  });

  it("without a body is like one with an empty object, where a body is taken; the content type then matters not", () => {
    expect(refusal(() => parseInput(create, raw({ headers: {} }), {})).options.issues?.[0]?.path).toBe("name");
    for (const body of [undefined, "", "{}", " { } "])
      expect(parseInput(stop, raw({ body, headers: {} }), {}).body).toBeUndefined();
    for (const body of ["{", "[]", '{"a":1}', "x"])
      expect(refusal(() => parseInput(stop, raw({ body }), {})).options.issues?.[0]?.path).toBe("body");
  });

  it("with a parameter twice does not choose one of them", () => {
    const problem = refusal(() => parseInput(create, raw({ query: "limit=1&limit=2", body: '{"name":"a"}' }), {}));
    expect(problem.options.issues).toEqual([{ path: "query.limit", message: "is given more than once" }]);
  });

  it("counts bytes, not characters", () => {
    const body = JSON.stringify({ name: "ü".repeat(500_000) });
    expect(body.length).toBeLessThan(1_000_000);
    expect(refusal(() => parseInput(create, raw({ body }), {})).code).toBe("payload_too_large");
  });
});

const latin1 = (text: string) => Buffer.from(text, "latin1");
const event = (body: string, isBase64Encoded: boolean, headers: Record<string, string>) =>
  ({
    rawPath: "/things",
    rawQueryString: "",
    headers,
    body,
    isBase64Encoded,
    requestContext: { http: { method: "POST", sourceIp: "192.0.2.1" } },
  }) as unknown as Parameters<typeof toRequest>[0];
const json = { "Content-Type": "application/json" };
const onLaptop: Front = { secret: undefined, says_place: false, origins: [] };
const read = (...sent: Parameters<typeof event>) => parseInput(create, toRequest(event(...sent), onLaptop), {}).body;

describe("the bytes of a body", () => {
  it("that are no UTF-8 are refused, however the gateway hands them on", () => {
    const bytes = latin1('{"name":"Jörg Müller"}');
    for (const sent of [event(bytes.toString("base64"), true, json), event(bytes.toString("utf8"), false, json)]) {
      expect(refusal(() => parseInput(create, toRequest(sent, onLaptop), {})).code).toBe("malformed_json");
    }
  });

  it("may hold the sign for what cannot be decoded, where it was sent", () => {
    const text = '{"name":"\ufffd"}';
    expect(read(Buffer.from(text).toString("base64"), true, json)).toEqual({ name: "\ufffd" });
    expect(read('{"name":"\\ufffd"}', false, json)).toEqual({ name: "\ufffd" });
  });

  it("may begin with a byte order mark", () => {
    expect(read('\ufeff{"name":"a"}', false, json)).toEqual({ name: "a" });
  });

  it.each(["iso-8859-1", "ISO-8859-1", '"windows-1252"', "utf-16", "constructor"])(
    "are not read in the charset %s",
    (charset) => {
      const sent = event('{"name":"a"}', false, { "content-type": `application/json; charset=${charset}` });
      expect(refusal(() => parseInput(create, toRequest(sent, onLaptop), {})).code).toBe("unsupported_media_type");
    },
  );

  it.each([
    "application/json;charset=UTF-8",
    'Application/JSON; charset="utf-8"',
    "application/vnd.api+json",
    "application/json; profile=x",
  ])("are read as %s", (type) => {
    expect(read('{"name":"a"}', false, { "content-type": type })).toEqual({ name: "a" });
  });

  it.each(["gzip", "br", "deflate", "gzip, identity"])(
    "are not read in the coding %s, and the answer says so",
    (coding) => {
      const sent = event('{"name":"a"}', false, { ...json, "content-encoding": coding });
      const problem = refusal(() => parseInput(create, toRequest(sent, onLaptop), {}));
      expect([problem.code, problem.detail.includes("without compression")]).toEqual(["unsupported_media_type", true]);
    },
  );
});

describe("a JSON body that no program could give back", () => {
  it.each([
    ['{"name":"I like \\ud83d"}', "name"],
    ['{"name":"a","tags":[{"id":"\\udc00x"}]}', "tags.0.id"],
    ['{"name":"a","x":7615917337495251231}', "x"],
    ['{"name":"a","x":[1e400]}', "x.0"],
    ['{"name":"a","name":"b"}', "name"],
  ])("%s is refused with the place", (body, path) => {
    const problem = refusal(() => parseInput(create, raw({ body }), {}));
    expect([problem.status, problem.options.issues?.[0]?.path]).toEqual([422, path]);
  });

  it("says where it stops being JSON, where the parser knows", () => {
    expect(refusal(() => parseJsonText('{"a":1,\n "b"}')).detail).toContain("line 2, column 5");
    for (const text of ['{"a": ', "[", "  "])
      expect(refusal(() => parseJsonText(text)).detail).toBe("The body is not valid JSON: it ends too early.");
  });
});

describe("a query", () => {
  it.each(["1e1", "0x5", " 5", "5.0", "+5", "05", "", "٥", "-1", "9007199254740993000"])(
    "has no number written as %j",
    (limit) => {
      const query = `limit=${encodeURIComponent(limit)}`;
      const problem = refusal(() => parseInput(create, raw({ query, body: '{"name":"a"}' }), {}));
      expect(problem.options.issues?.map(({ path }) => path)).toContain("query.limit");
    },
  );

  it("is UTF-8 behind its percent signs", () => {
    const problem = refusal(() => parseInput(create, raw({ query: "q%FF=1&limit=5", body: '{"name":"a"}' }), {}));
    expect(problem.options.issues?.[0]?.message).toBe("is not UTF-8 text");
  });

  it("asks for the first page by leaving the cursor out", () => {
    expect(z.strictObject(pageQuery).safeParse({ cursor: "" }).success).toBe(false);
    expect(z.strictObject(pageQuery).parse({})).toEqual({ limit: 50 });
  });
});

describe("a name", () => {
  it.each(["\u202eevil", "a\u2066b", "a\u200fb", "a\u061cb", "a\u2028b", "a\u0000b", "\ufeffx\ufeffy"])(
    "%j is refused",
    (name) => {
      expect(nameSchema.safeParse(name).success).toBe(false);
      expect(tagsSchema.safeParse([`x${name}`]).success).toBe(false);
    },
  );
  it.each(["Müller & Söhne", "عربي", "می‌خواهم", "👨‍👩‍👧", "名前"])("%s is taken", (name) => {
    expect(nameSchema.parse(name)).toBe(name);
  });
});

describe("an e-mail address", () => {
  it("keeps a domain of another script in the form that mail uses", () => {
    expect(emailSchema.parse(" Ada@BÜCHER.example ")).toBe("ada@xn--bcher-kva.example");
    expect(emailSchema.parse("ada@例え.jp")).toBe("ada@xn--r8jz45g.jp");
  });
  it.each(["ada", "@example.com", "ada@", "ada@b c.example", "ada@exa mple", "a@b@c"])("%s is refused", (address) => {
    expect(emailSchema.safeParse(address).success).toBe(false);
  });
  it.each([..."/?#\\:%[]\t\n"])("with %j in its domain is refused, and not taken for what stands before it", (sign) => {
    for (const domain of [`example.com${sign}x`, `example${sign}.com`, `${sign}example.com`])
      expect(emailSchema.safeParse(`ada@${domain}`).success, domain).toBe(false);
  });
});
