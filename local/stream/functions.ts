import * as z from "zod";
import type { Aws } from "../aws.ts";
import { xmlText } from "../aws.ts";
import type { RoleCredentials } from "./protocol.ts";

const functionSchema = z.looseObject({
  FunctionName: z.string(),
  Description: z.string().default(""),
  FunctionArn: z.string(),
  Role: z.string(),
  Timeout: z.number().default(3),
  MemorySize: z.number().default(128),
  Environment: z.looseObject({ Variables: z.record(z.string(), z.string()).default({}) }).optional(),
});
export type DeployedFunction = z.infer<typeof functionSchema>;

const pageSchema = z.looseObject({ Functions: z.array(functionSchema), NextMarker: z.string().nullish() });

/** All functions that are deployed in the emulator. */
export async function listFunctions(aws: Aws): Promise<DeployedFunction[]> {
  const functions: DeployedFunction[] = [];
  let marker: string | undefined;
  do {
    const query = marker === undefined ? "" : `?Marker=${encodeURIComponent(marker)}`;
    const page = pageSchema.parse(await aws.get("lambda", `/2015-03-31/functions/${query}`));
    functions.push(...page.Functions);
    marker = page.NextMarker ?? undefined;
  } while (marker !== undefined && marker !== "");
  return functions;
}

/** The deployed function that describes itself so. */
export function findFunction(functions: readonly DeployedFunction[], description: string): DeployedFunction {
  const found = functions.find(({ Description }) => Description === description);
  if (found === undefined) throw new Error(`No deployed function describes itself as "${description}".`);
  return found;
}

interface Trust {
  readonly Statement: readonly object[];
}

/** Whom a role lets in. */
async function trustOf(aws: Aws, RoleName: string): Promise<Trust> {
  const answer = await aws.query("iam", "2010-05-08", "GetRole", { RoleName });
  return JSON.parse(decodeURIComponent(xmlText(answer, "AssumeRolePolicyDocument") ?? "")) as Trust;
}

/**
 * Lets the account's root take a function's role. On AWS only Lambda may, and the role itself; here our processes run functions in
 * Lambda's place.
 */
export async function letRootIn(aws: Aws, { Role }: DeployedFunction): Promise<void> {
  const RoleName = Role.slice(Role.lastIndexOf("/") + 1);
  const trust = await trustOf(aws, RoleName);
  const Sid = "Here";
  const AWS = `arn:aws:iam::${Role.split(":")[4]}:root`;
  const root = {
    Sid,
    Effect: "Allow",
    Principal: { AWS },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    // As a principal it stands for everybody in the account.
    Condition: { ArnEquals: { "aws:PrincipalArn": AWS } },
  };
  const others = trust.Statement.filter((statement) => !("Sid" in statement && statement.Sid === Sid));
  await aws.query("iam", "2010-05-08", "UpdateAssumeRolePolicy", {
    RoleName,
    PolicyDocument: JSON.stringify({ ...trust, Statement: [...others, root] }),
  });
}

/** Credentials of a function's role. */
export async function assumeRole(aws: Aws, fn: DeployedFunction): Promise<RoleCredentials> {
  await letRootIn(aws, fn);
  const answer = await aws.query("sts", "2011-06-15", "AssumeRole", {
    RoleArn: fn.Role,
    RoleSessionName: fn.FunctionName.slice(0, 64),
  });
  const field = (name: string): string => {
    const value = xmlText(answer, name);
    if (value === undefined) throw new Error(`AssumeRole answered without ${name}.`);
    return value;
  };
  return {
    AWS_ACCESS_KEY_ID: field("AccessKeyId"),
    AWS_SECRET_ACCESS_KEY: field("SecretAccessKey"),
    AWS_SESSION_TOKEN: field("SessionToken"),
    AWS_CREDENTIAL_EXPIRATION: field("Expiration"),
  };
}
