import * as z from "zod";

/** A mistake in what a deployment says of itself: told in one sentence, without a trace of ours. */
export class DeploymentMistake extends Error {}

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);

const trueOrFalse = z.enum(["true", "false"], { error: "use true or false" });
const isTrue = (said: string): boolean => said === "true";

const clientId = (like: string) =>
  z.string().regex(/^[\w.-]{1,256}$/, { error: `use the client's id, such as ${like}` });

/** By the characters of a name or an ARN: what Google and Microsoft make as a secret is neither. */
const secretName = z.string().regex(/^(?!GOCSPX-)[\w/+=.@:-]{1,512}$/, {
  error: "use the name or the ARN of a secret of Secrets Manager that holds it, never the client's secret itself",
});

const httpsOrigin = (value: string): boolean => /^https:\/\/[^*]+$/.test(value) && URL.parse(value)?.origin === value;

/** What a deployment says of itself (`-c name=…`), each with its form and meaning. The source of docs/settings.md. */
export const contextSettings = z.strictObject({
  stage: z
    .enum(["local", "development", "staging", "production"], {
      error: "use local, development, staging or production",
    })
    .default("development")
    .describe("Which stage is deployed; stages differ as the table below says."),
  mail_from: z
    .email({ error: "use an address such as studio@example.com" })
    .optional()
    .describe(
      "Sender of mail; its domain is a verified identity of SES in the account. Every deployed stage needs it.",
    ),
  app_url: z
    .string()
    .refine(
      (value) => ["https:", "http:"].includes(URL.parse(value)?.protocol ?? ""),
      "use an address such as https://console.example.com",
    )
    .optional()
    .describe(
      "Where links in mails lead: the console, or a page that takes the token. Every deployed stage needs it, https.",
    ),
  alarm_email: z
    .email({ error: "use an address such as operations@example.com" })
    .optional()
    .describe("Who is told when an alarm rings; the topic's mail asks for a confirmation. Production needs it."),
  browser_origins: list
    .refine(
      (origins) => origins.every(httpsOrigin),
      "write each origin like https://console.example.com, separated by commas",
    )
    .optional()
    .describe("Origins beside that of `app_url` whose pages may call the API, https, separated by commas."),
  domain_name: z
    .string()
    .regex(/^[a-z\d-]+(\.[a-z\d-]+)+$/, { error: "use a name such as studio.example.com" })
    .optional()
    .describe("The API's own domain; point it at the output `DistributionDomain`. Goes with `certificate_arn`."),
  certificate_arn: z
    .string()
    .regex(/^arn:[\w-]+:acm:us-east-1:/, {
      error: "CloudFront takes certificates of us-east-1 only; issue or import it there",
    })
    .optional()
    .describe("The certificate of `domain_name`, in us-east-1, where CloudFront looks for it."),
  web_acl_arn: z
    .string()
    .regex(/^arn:[\w-]+:wafv2:us-east-1:\d+:global\/webacl\//, {
      error: "use the ARN of a web ACL of scope CLOUDFRONT",
    })
    .optional()
    .describe("A firewall of the account (WAF, scope CLOUDFRONT) that stands before everything."),
  firewall: trueOrFalse
    .transform(isTrue)
    .optional()
    .describe(
      "`true`: a firewall of the deployment's own (WAF) before everything, in a stack in us-east-1, instead of `web_acl_arn`; about 10 USD a month and 0.60 a million requests.",
    ),
  sign_in_place: trueOrFalse
    .default("false")
    .transform(isTrue)
    .describe(
      "`true`: sessions and mails of a new device say in which country and city a sign-in was, as CloudFront has it. Changes by which host the origins are asked, so try it in a stage of yours first ([ADR 14](adr/0014-one-origin.md)).",
    ),
  audit_lock: z
    .enum(["governance", "compliance"], { error: "use governance or compliance" })
    .default("governance")
    .describe(
      "How copies of the audit log are locked until the entries in them end, up to seven years: `governance`, which a principal of the account with `s3:BypassGovernanceRetention` can end, or `compliance`, which nobody can, the account's root included.",
    ),
  customer_managed_key: z
    .string()
    .regex(/^(?:true|false|arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+)$/, {
      error: "use true, or the ARN of a key of KMS, not of an alias",
    })
    .optional()
    .describe(
      "`true`, or the ARN of a key with the statements of [key-policy.md](key-policy.md): everything that is kept is encrypted by one key of the account instead of keys of AWS.",
    ),
  api_rate: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, { error: "use a whole number from 1 to 99999" })
    .transform(Number)
    .optional()
    .describe(
      "Requests a second that the API takes from everybody together, twice as many in a burst; more are answered 429.",
    ),
  reserve_concurrency: trueOrFalse
    .transform(isTrue)
    .optional()
    .describe("`false` where the account's limit of concurrent functions is still below 1,000; else `true`."),
  tenant_credentials: trueOrFalse
    .default("true")
    .transform(isTrue)
    .describe(
      "`false`: requests reach the table by their function's own role only, and not by credentials that IAM limits to one organization ([ADR 98](adr/0098-second-wall.md)).",
    ),
  registration: z
    .enum(["open", "closed"], { error: "use open or closed" })
    .default("open")
    .describe("`closed`: nobody registers by themselves."),
  registration_domains: list
    .transform((domains) => domains.map((domain) => domain.toLowerCase()))
    .optional()
    .describe("Domains whose addresses may register, separated by commas; without it all may."),
  google_client_id: clientId("1234-abcd.apps.googleusercontent.com")
    .optional()
    .describe(
      "Sign-in with Google for everybody: the id of an OAuth client ([sso.md](sso.md) says how). Goes with `google_client_secret` and `domain_name`.",
    ),
  google_client_secret: secretName
    .optional()
    .describe("The name or ARN of a secret of Secrets Manager whose text is that client's secret."),
  microsoft_client_id: clientId("11111111-2222-3333-4444-555555555555")
    .optional()
    .describe(
      "Sign-in with Microsoft: the id of an app registration in Entra ([sso.md](sso.md) says how). Goes with `microsoft_client_secret`, `microsoft_tenant` and `domain_name`.",
    ),
  microsoft_client_secret: secretName
    .optional()
    .describe("The name or ARN of a secret of Secrets Manager whose text is that registration's secret."),
  microsoft_tenant: z
    .string()
    .toLowerCase()
    .regex(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/, {
      error:
        "use the tenant's id (Entra's Directory ID): Cognito knows an issuer by one address, and those of common, organizations and consumers have another one for each tenant",
    })
    .optional()
    .describe(
      "The tenant whose people sign in with Microsoft, by its id; `9188040d-6c67-4c5b-b112-36a304b66dad` for personal accounts.",
    ),
  dns_servers: list
    .optional()
    .describe(
      "Name servers that records of domains are asked of, as `address` or `address:port`, separated by commas.",
    ),
  allow_hosts: list
    .optional()
    .describe("Private hosts that outbound calls may reach, on a laptop only, separated by commas."),
});
export type ContextSettings = z.output<typeof contextSettings>;

/** What the CDK and its command line put into the context themselves: flags and answers to look-ups. */
const isOurs = (name: string): boolean => !/[:/]/.test(name) && !name.startsWith("aws-cdk");

/**
 * Reads the CDK's context.
 * @throws DeploymentMistake with one sentence that names every wrong or unknown setting
 */
export function readContext(context: Readonly<Record<string, unknown>>): ContextSettings {
  const own = Object.fromEntries(
    Object.entries(context)
      .filter(([name, value]) => isOurs(name) && value !== undefined)
      // Numbers and true and false of cdk.json, as the command line would say them.
      .map(([name, value]) => [name, String(value)]),
  );
  const read = contextSettings.safeParse(own);
  if (read.success) return read.data;
  const problems = read.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((name) => `there is no setting ${name} (docs/settings.md lists them)`)
      : [`${issue.path.join(".")} is "${own[String(issue.path[0])]}": ${issue.message}`],
  );
  throw new DeploymentMistake(problems.join("; "));
}
