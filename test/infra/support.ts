import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "aws-cdk-lib";
import { buildApp } from "../../infra/build.ts";
import { bundleName, functionDescription } from "../../infra/bundle.ts";
import { product as current, type Product } from "../../infra/product.ts";
import type { Stage } from "../../infra/stages.ts";

/** A resource of one of the stacks' templates. */
export interface Resource {
  readonly id: string;
  /** Name of its stack without what all stacks' names begin with: `data`. */
  readonly stack: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into properties of many shapes
  readonly properties: any;
  readonly deletion: string | undefined;
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { Type: string; Properties?: Record<string, unknown>; DeletionPolicy?: string }>
  >;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Export?: { Name: unknown } }>>;
}

const scratch = mkdtempSync(join(tmpdir(), "kaizen-infra-"));
// Files of this tier share a process and what is loaded in it: what it leaves is removed at its end.
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** Empty bundles: what stands in a function does not matter for what stands around it. */
function stubBundles({ rooms }: Product): string {
  const directory = join(scratch, "bundles");
  for (const room of rooms) {
    for (const name of Object.keys(room.functions)) {
      const bundle = join(directory, bundleName(room.name, name));
      mkdirSync(bundle, { recursive: true });
      writeFileSync(join(bundle, "index.mjs"), `// ${room.name} ${name}\n`);
    }
  }
  return directory;
}

/** What `cdk.json` gives every synthesis. */
export const flags = JSON.parse(readFileSync("cdk.json", "utf8")).context as Record<string, unknown>;

/** What a deployment says of itself beside its stage. */
export const deploymentContext = {
  mail_from: "kaizen@example.com",
  app_url: "https://kaizen.example.com",
  alarm_email: "operations@example.com",
};

interface Variant {
  /** Another product than ours. */
  readonly product?: Product;
  readonly context?: Readonly<Record<string, string | undefined>>;
  /** Where it is deployed, other than in us-east-1. */
  readonly region?: string;
  /** Changes the app before it is synthesized. */
  readonly change?: (app: App) => void;
}

/** As the CDK's command line says the region. */
function inRegion<T>(region: string | undefined, build: () => T): T {
  if (region === undefined) return build();
  const before = process.env.CDK_DEFAULT_REGION;
  process.env.CDK_DEFAULT_REGION = region;
  try {
    return build();
  } finally {
    if (before === undefined) delete process.env.CDK_DEFAULT_REGION;
    else process.env.CDK_DEFAULT_REGION = before;
  }
}

const synthesized = new Map<string, Synthesized>();

/**
 * The templates of one stage, as it is deployed or as a variant of it. What several tests ask for, of our own product and
 * unchanged, is synthesized once in a process.
 * @throws what the security rules find
 */
export function synthesize(stage: Stage["name"], variant: Variant = {}): Synthesized {
  const { product, change, ...asked } = variant;
  if (product !== undefined || change !== undefined) return synthesizeAnew(stage, variant);
  const key = JSON.stringify([stage, asked], (_, value) => (value === undefined ? null : value));
  const known = synthesized.get(key) ?? synthesizeAnew(stage, variant);
  synthesized.set(key, known);
  return known;
}

function synthesizeAnew(
  stage: Stage["name"],
  { product = current, context = {}, region, change = () => {} }: Variant,
): Synthesized {
  const directory = mkdtempSync(join(scratch, "out-"));
  const app = inRegion(region, () =>
    buildApp({
      bundles: stubBundles(product),
      product,
      context: { ...flags, stage, ...deploymentContext, ...context },
      outdir: directory,
    }),
  );
  change(app);
  const { exitCode } = process;
  try {
    const stacks = app.synth().stacks.map(({ stackName, template }) => [stackName, template as Template] as const);
    return new Synthesized(
      stacks.map(([name, template]) => [name.replace(`kaizen-studio-${stage}-`, ""), template]),
      directory,
    );
  } finally {
    process.exitCode = exitCode; // what is found fails the test that expects nothing, not the whole run
  }
}

/** Names of the stacks whose exports a template uses. */
const importedBy = (template: Template): ReadonlySet<string> =>
  new Set(
    [...JSON.stringify(template).matchAll(/"Fn::ImportValue":"kaizen-studio-[a-z]+-([a-z]+):/g)].map(
      ([, name = ""]) => name,
    ),
  );

/** All stacks' resources as one: no two of ours have the same logical id. */
export class Synthesized {
  readonly resources: readonly Resource[];
  /** Names of the outputs of each stack. */
  readonly outputs: ReadonlyMap<string, readonly string[]>;
  /** The stacks from which each stack imports. */
  readonly imports: ReadonlyMap<string, ReadonlySet<string>>;
  /** Where the templates lie as files. */
  readonly directory: string;
  readonly #exports = new Map<string, unknown>();

  constructor(templates: readonly (readonly [stack: string, template: Template])[], directory: string) {
    this.directory = directory;
    this.resources = templates.flatMap(([stack, template]) =>
      Object.entries(template.Resources).map(([id, { Type, Properties, DeletionPolicy }]) => ({
        id,
        stack,
        type: Type,
        properties: Properties ?? {},
        deletion: DeletionPolicy,
      })),
    );
    const ids = this.resources.map(({ id }) => id);
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
    if (twice.length > 0) throw new Error(`two stacks have a resource called ${twice.join(", ")}`);
    this.outputs = new Map(templates.map(([stack, { Outputs }]) => [stack, Object.keys(Outputs ?? {})]));
    this.imports = new Map(templates.map(([stack, template]) => [stack, importedBy(template)]));
    for (const { Value, Export } of templates.flatMap(([, template]) => Object.values(template.Outputs ?? {}))) {
      if (Export !== undefined) this.#exports.set(this.text(Export.Name), Value);
    }
  }

  of(type: string): readonly Resource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  only(type: string): Resource {
    const [resource, ...others] = this.of(type);
    if (resource === undefined || others.length > 0) throw new Error(`${others.length + 1} resources of ${type}`);
    return resource;
  }

  /** The product's table; the data plane has one of its own. */
  get table(): Resource {
    return this.#first("AWS::DynamoDB::Table", "data", "Table");
  }

  /** What the room's area keeps its things in: the data plane has all of its own. */
  kept(area: string) {
    const [stack, prefix] = area === "plane" ? ["plane", "Served"] : ["data", ""];
    return {
      table: this.#first("AWS::DynamoDB::Table", stack ?? "", `${prefix}Table`),
      files: this.#first("AWS::S3::Bucket", stack ?? "", `${prefix}Files`),
      key: this.#first("AWS::KMS::Key", stack ?? "", `${prefix}SecretsKey`),
      indexes: area === "plane" ? [] : ["gsi1", "gsi2", "gsi3", "gsi4"],
    };
  }

  #first(type: string, stack: string, start: string): Resource {
    const found = this.of(type).find((one) => one.stack === stack && one.id.startsWith(start));
    if (found === undefined) throw new Error(`there is no ${start} in ${stack}`);
    return found;
  }

  /** The bucket of files; there is one for locked copies of the audit log, and the front has another for its logs. */
  get files(): Resource {
    return this.#bucket((id) => id.startsWith("Files"));
  }

  /** The bucket of locked copies of the audit log. */
  get copies(): Resource {
    return this.#bucket((id) => id.startsWith("AuditCopies"));
  }

  #bucket(is: (id: string) => boolean): Resource {
    const found = this.of("AWS::S3::Bucket").find(({ stack, id }) => stack === "data" && is(id));
    if (found === undefined) throw new Error("there is no such bucket");
    return found;
  }

  /** The resource that a reference or an ARN leads to. */
  target(value: unknown): Resource {
    const id = /^\{(\w+)(?:\.\w+)?\}/.exec(this.text(value))?.[1];
    const resource = this.resources.find((each) => each.id === id);
    if (resource === undefined) throw new Error(`${this.text(value)} leads to no resource`);
    return resource;
  }

  /** A value with its references as text: `{LogicalId.Attribute}`, imports followed to where they come from. */
  text(value: unknown): string {
    if (typeof value === "string" || typeof value === "number") return String(value);
    const node = value as Readonly<Record<string, unknown>>;
    const [[kind, inner] = ["", undefined]] = Object.entries(node);
    switch (kind) {
      case "Ref":
        return inner === "AWS::Partition"
          ? "aws"
          : inner === "AWS::Region"
            ? "us-east-1"
            : inner === "AWS::AccountId"
              ? "000000000000"
              : `{${String(inner)}}`;
      case "Fn::GetAtt":
        return `{${(inner as string[]).join(".")}}`;
      case "Fn::Join": {
        const [delimiter, parts] = inner as [string, unknown[]];
        return parts.map((part) => this.text(part)).join(delimiter);
      }
      case "Fn::ImportValue": {
        const name = this.text(inner);
        if (!this.#exports.has(name)) throw new Error(`nothing exports ${name}`);
        return this.text(this.#exports.get(name));
      }
      case "Fn::Select": {
        // Only parts of one address are taken so: the address stands for them, but for the name in an ARN.
        const [index, { "Fn::Split": [by, whole] = [] }] = inner as [unknown, { "Fn::Split"?: unknown[] }];
        const text = this.text(whole);
        return by === ":" && Number(index) === 5 ? text.replace(/\.Arn\}$/, ".name}") : text;
      }
      default:
        throw new Error(`cannot read ${JSON.stringify(value)}`);
    }
  }

  /** The function of a room, by what it says of itself: its name is CloudFormation's choice. */
  functionOf(room: string, name: string): Resource {
    const wanted = functionDescription(room, name);
    const found = this.of("AWS::Lambda::Function").find(({ properties }) => properties.Description === wanted);
    if (found === undefined) throw new Error(`there is no function ${wanted}`);
    return found;
  }
}

export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  /** What a statement is not about, where it names that. */
  readonly notActions?: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: unknown;
  readonly principal: unknown;
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** The statements of a policy document, with resources as text. */
// biome-ignore lint/suspicious/noExplicitAny: a template's document
export function statements(stack: Synthesized, document: any): Statement[] {
  return document.Statement.map(
    // biome-ignore lint/suspicious/noExplicitAny: a template's statement
    (statement: any): Statement => ({
      effect: statement.Effect,
      actions: list(statement.Action) as string[],
      ...(statement.NotAction === undefined ? {} : { notActions: list(statement.NotAction) as string[] }),
      resources: list(statement.Resource).map((resource) => stack.text(resource)),
      conditions: statement.Condition,
      principal: statement.Principal,
    }),
  );
}

interface RoleStatement {
  readonly role: string;
  readonly statement: Statement;
}

const statementsKnown = new WeakMap<Synthesized, readonly RoleStatement[]>();

/** Everything that roles allow, wherever it is written, with the role's logical id. */
export const roleStatements = (stack: Synthesized): readonly RoleStatement[] =>
  allStatements(stack).filter(({ statement }) => statement.effect === "Allow");

/** What roles deny. */
export const roleDenials = (stack: Synthesized): readonly RoleStatement[] =>
  allStatements(stack).filter(({ statement }) => statement.effect === "Deny");

function allStatements(stack: Synthesized): readonly RoleStatement[] {
  const known = statementsKnown.get(stack) ?? readRoleStatements(stack);
  statementsKnown.set(stack, known);
  return known;
}

function readRoleStatements(stack: Synthesized): RoleStatement[] {
  const inline = stack.of("AWS::IAM::Role").flatMap((role) =>
    list(role.properties.Policies).flatMap((policy) =>
      // biome-ignore lint/suspicious/noExplicitAny: a template's policy
      statements(stack, (policy as any).PolicyDocument).map((statement) => ({ role: role.id, statement })),
    ),
  );
  const attached = stack
    .of("AWS::IAM::Policy")
    .flatMap(({ properties }) =>
      list(properties.Roles).flatMap((role) =>
        statements(stack, properties.PolicyDocument).map((statement) => ({ role: stack.target(role).id, statement })),
      ),
    );
  return [...inline, ...attached];
}
