import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { allOperations } from "../../functions/operations.ts";
import { rooms } from "../../functions/rooms.ts";
import { fullPath } from "../../shared/http/operation.ts";
import { type Resource, type Synthesized, synthesize } from "./support.ts";

const stack = synthesize("production");
const placed = synthesize("production", { context: { sign_in_place: "true" } });

// biome-ignore lint/suspicious/noExplicitAny: a template's distribution
const configOf = (one: Synthesized): any => one.only("AWS::CloudFront::Distribution").properties.DistributionConfig;
// biome-ignore lint/suspicious/noExplicitAny: a template's behaviours
const behaviorsOf = (one: Synthesized): any[] => {
  const { DefaultCacheBehavior, CacheBehaviors } = configOf(one);
  return [DefaultCacheBehavior, ...CacheBehaviors];
};
const config = configOf(stack);
const behaviors = behaviorsOf(stack);
// biome-ignore lint/suspicious/noExplicitAny: a template's origins
const originOf = (id: string, one = stack): any =>
  configOf(one).Origins.find((origin: { Id: string }) => origin.Id === id);
const secret = (text: string): string | undefined =>
  /\{\{resolve:secretsmanager:\{(\w+)\}:SecretString:::\}\}/.exec(text)?.[1];
const lambdaOf = (url: string): Resource => {
  const id = /\{(\w+)\.FunctionUrl\}/.exec(url)?.[1];
  const found = stack.of("AWS::Lambda::Url").find((resource) => resource.id === id);
  if (found === undefined) throw new Error(`${url} is no function's address`);
  return stack.target(found.properties.TargetFunctionArn);
};

const [ACCEPT, HOST] = [{ value: "*/*" }, { value: "studio.example.com" }];
/** The headers that go on to an origin. */
const WRITTEN = {
  "x-viewer-address": { value: "203.0.113.7" },
  "x-viewer-host": HOST,
  accept: ACCEPT,
  host: HOST,
};

/** Runs what stands before an origin, as CloudFront does: the headers that go on, and what it says of the origin. */
function runViewer(code: string): unknown {
  const sentByClient = { "x-viewer-address": { value: "10.0.0.1" }, "x-viewer-host": { value: "evil.example" } };
  const request = { headers: { ...sentByClient, accept: ACCEPT, host: HOST } };
  const event = { viewer: { ip: "203.0.113.7" }, request };
  const origins: unknown[] = [];
  const cf = { updateRequestOrigin: (origin: unknown) => origins.push(origin) };
  const { headers } = runInNewContext(`${code}; handler(event)`, { event, cf });
  // Without the other context's prototypes.
  return JSON.parse(JSON.stringify({ sent: headers, origins }));
}

/** Where CloudFront sends a path: the first pattern that fits, else the default. */
const chosen = (path: string) =>
  config.CacheBehaviors.find(({ PathPattern }: { PathPattern: string }) =>
    new RegExp(`^${PathPattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(path),
  ) ?? config.DefaultCacheBehavior;

describe("the front", () => {
  const variants = [
    ["", stack],
    [", also where it says the place of a viewer", placed],
  ] as const;

  it.each(
    allOperations.map(
      ({ room, operation }) => [`${operation.method} ${fullPath(operation)}`, room, operation] as const,
    ),
  )("sends %s to the function that streams it, or to the API", (_, room, operation) => {
    const origin = originOf(chosen(fullPath(operation).replaceAll(/\{\w+\}/g, "some-value")).TargetOriginId);
    const fn = rooms.find(({ name }) => name === room)?.functions[operation.served_by];
    const host = stack.text(origin.DomainName);
    if (fn?.trigger.kind === "stream") expect(lambdaOf(host).id).toBe(stack.functionOf(room, operation.served_by).id);
    else expect(host).toBe(`{${stack.only("AWS::ApiGatewayV2::Api").id}.ApiEndpoint}`);
  });

  it.each(variants)("caches nothing, takes every method, and https only%s", (_, one) => {
    for (const behavior of behaviorsOf(one)) {
      expect(behavior).toMatchObject({
        CachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", // CachingDisabled
        ViewerProtocolPolicy: "https-only",
      });
      expect(behavior.AllowedMethods.sort()).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);
    }
    for (const { CustomOriginConfig } of configOf(one).Origins)
      expect(CustomOriginConfig).toMatchObject({ OriginProtocolPolicy: "https-only", OriginReadTimeout: 60 });
  });

  it("passes on all that a client sends but the host, by the policy that AWS keeps for it", () => {
    expect(stack.of("AWS::CloudFront::OriginRequestPolicy")).toEqual([]);
    for (const { OriginRequestPolicyId } of behaviors)
      expect(OriginRequestPolicyId).toBe("b689b0a8-53d0-40ab-baf2-68738e2966ac"); // AllViewerExceptHostHeader
  });

  it("tells browsers to come by https only, whatever answers", () => {
    const policies = new Set(behaviors.map(({ ResponseHeadersPolicyId }) => stack.target(ResponseHeadersPolicyId)));
    expect(policies.size).toBe(1);
    const [policy] = policies;
    expect(policy?.properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig.StrictTransportSecurity).toMatchObject({
      AccessControlMaxAgeSec: 31_536_000,
      Override: true,
    });
  });

  it("proves itself to every origin with a secret that CloudFormation makes and no template holds", () => {
    const made = stack.only("AWS::SecretsManager::Secret");
    expect(made.properties.GenerateSecretString.PasswordLength).toBeGreaterThanOrEqual(32);
    expect(made.properties.SecretString).toBeUndefined();
    for (const { OriginCustomHeaders } of config.Origins) {
      expect(OriginCustomHeaders).toHaveLength(1);
      expect(OriginCustomHeaders[0].HeaderName).toBe("x-front-secret");
      expect(secret(stack.text(OriginCustomHeaders[0].HeaderValue))).toBe(made.id);
    }
  });

  it("every function that answers requests knows the secret, and no other does", () => {
    const made = stack.only("AWS::SecretsManager::Secret");
    for (const room of rooms) {
      for (const [name, { trigger }] of Object.entries(room.functions)) {
        const { Variables } = stack.functionOf(room.name, name).properties.Environment;
        const answers = trigger.kind === "api" || trigger.kind === "stream";
        const known = Variables.FRONT_SECRET === undefined ? undefined : secret(stack.text(Variables.FRONT_SECRET));
        expect(known, `${room.name}/${name}`).toBe(answers ? made.id : undefined);
      }
    }
  });

  it("writes the viewer's address and our name over what a client sent, and leaves the origin as it is", () => {
    const edge = stack.only("AWS::CloudFront::Function");
    for (const { FunctionAssociations } of behaviors) {
      expect(FunctionAssociations).toHaveLength(1);
      expect(FunctionAssociations[0].EventType).toBe("viewer-request");
      expect(stack.target(FunctionAssociations[0].FunctionARN).id).toBe(edge.id);
    }
    expect(runViewer(edge.properties.FunctionCode)).toEqual({ sent: WRITTEN, origins: [] });
  });

  it("says to the functions whether it tells where a viewer is, and that is so only where the deployment wants it", () => {
    for (const [one, says] of [
      [stack, "false"],
      [placed, "true"],
    ] as const)
      for (const room of rooms)
        for (const [name, { trigger }] of Object.entries(room.functions)) {
          const { SIGN_IN_PLACE } = one.functionOf(room.name, name).properties.Environment.Variables;
          const answers = trigger.kind === "api" || trigger.kind === "stream";
          expect(SIGN_IN_PLACE, `${room.name}/${name}`).toBe(answers ? says : undefined);
        }
  });

  it("logs who asked for what, for as long as logs are kept, readable by the account only", () => {
    const bucket = stack.target(config.Logging.Bucket);
    expect(bucket.properties.LifecycleConfiguration.Rules).toEqual([{ ExpirationInDays: 365, Status: "Enabled" }]);
    expect(bucket.properties.PublicAccessBlockConfiguration.BlockPublicAcls).toBe(true);
  });
});

describe("a front that says where a viewer is", () => {
  /** The host of the origin that a behaviour leads to. */
  // biome-ignore lint/suspicious/noExplicitAny: a template's behaviour
  const hostBehind = ({ TargetOriginId }: any): string => placed.text(originOf(TargetOriginId, placed).DomainName);

  it("passes on all that a client sends and where the client is", () => {
    const policy = placed.only("AWS::CloudFront::OriginRequestPolicy");
    expect(policy.properties.OriginRequestPolicyConfig).toMatchObject({
      HeadersConfig: {
        HeaderBehavior: "allViewerAndWhitelistCloudFront",
        Headers: ["CloudFront-Viewer-Country", "CloudFront-Viewer-Country-Region", "CloudFront-Viewer-City"],
      },
      CookiesConfig: { CookieBehavior: "all" },
      QueryStringsConfig: { QueryStringBehavior: "all" },
    });
    for (const { OriginRequestPolicyId } of behaviorsOf(placed))
      expect(placed.target(OriginRequestPolicyId).id).toBe(policy.id);
  });

  it("has a function before each origin, however many paths lead there", () => {
    const hosts = new Set(behaviorsOf(placed).map(hostBehind));
    expect(placed.of("AWS::CloudFront::Function")).toHaveLength(hosts.size);
  });

  it.each(behaviorsOf(placed).map((behavior) => [behavior.PathPattern ?? "what is left", behavior]))(
    "writes the viewer's address and our name over what a client sent, and the origin's host in place of ours: %s",
    (_, behavior) => {
      const { FunctionAssociations } = behavior;
      expect(FunctionAssociations).toHaveLength(1);
      expect(FunctionAssociations[0].EventType).toBe("viewer-request");
      const edge = placed.target(FunctionAssociations[0].FunctionARN);
      const [first, ...code] = placed.text(edge.properties.FunctionCode).split("\n");
      expect(first).toBe("import cf from 'cloudfront';");
      expect(runViewer(code.join("\n"))).toEqual({ sent: WRITTEN, origins: [{ hostHeader: hostBehind(behavior) }] });
    },
  );

  it("is none on a laptop, which has no front", () => {
    expect(() => synthesize("local", { context: { sign_in_place: "true" } })).toThrow(
      /^the stage local has no front, so nothing says where a sign-in was$/,
    );
  });
});

describe("a deployment's own domain", () => {
  const certificate = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-4000-8000-000000000000";
  const context = { domain_name: "studio.example.com", certificate_arn: certificate };

  it("is served with its certificate and TLS 1.2 or newer", () => {
    const own = synthesize("production", { context });
    const { Aliases, ViewerCertificate } = own.only("AWS::CloudFront::Distribution").properties.DistributionConfig;
    expect(Aliases).toEqual(["studio.example.com"]);
    expect(ViewerCertificate).toEqual({
      AcmCertificateArn: certificate,
      MinimumProtocolVersion: "TLSv1.2_2021",
      SslSupportMethod: "sni-only",
    });
  });

  it.each([
    [{ domain_name: "studio.example.com" }, /certificate_arn/],
    [{ ...context, certificate_arn: certificate.replace("us-east-1", "eu-west-1") }, /us-east-1/],
  ])("%o is refused with a sentence", (wrong, sentence) => {
    expect(() => synthesize("production", { context: wrong })).toThrow(sentence);
  });

  it("a firewall that the account has stands before it", () => {
    const web_acl_arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/studio/0";
    const own = synthesize("production", { context: { web_acl_arn } });
    expect(own.only("AWS::CloudFront::Distribution").properties.DistributionConfig.WebACLId).toBe(web_acl_arn);
  });
});

describe("pages of other origins", () => {
  const origins = (context: Record<string, string>) =>
    synthesize("production", { context }).functionOf("agents", "api").properties.Environment.Variables.BROWSER_ORIGINS;

  it("may call from the page that mails lead to, and from those that the deployment names", () => {
    expect(origins({})).toBe("https://kaizen.example.com");
    expect(origins({ app_url: "https://kaizen.example.com/app/", browser_origins: "https://a.example" })).toBe(
      "https://kaizen.example.com,https://a.example",
    );
  });

  it("may send uploads from the same", () => {
    expect(stack.files.properties.CorsConfiguration.CorsRules[0].AllowedOrigins).toEqual([
      "https://kaizen.example.com",
    ]);
  });

  it.each(["*", "http://a.example", "https://a.example/path", "a.example", "https://*.example"])(
    "%s is no origin that a deployment can name",
    (browser_origins) => {
      expect(() => synthesize("production", { context: { browser_origins } })).toThrow(/browser_origins/);
    },
  );
});

describe("a laptop", () => {
  it("has no front: its gateway serves streams at the API's own origin", () => {
    const local = synthesize("local");
    expect(local.of("AWS::CloudFront::Distribution")).toEqual([]);
    expect(local.of("AWS::SecretsManager::Secret")).toEqual([]);
  });
});
