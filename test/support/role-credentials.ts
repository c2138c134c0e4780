import { createHash } from "node:crypto";
import { inject } from "vitest";
import { awsAt } from "../../local/aws.ts";
import { type DeployedFunction, findFunction, listFunctions } from "../../local/stream/functions.ts";

const hex = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The deployed function that describes itself so. */
export const deployedFunction = async (description: string): Promise<DeployedFunction> =>
  findFunction(await listFunctions(awsAt(inject("stack").endpoint)), description);

/**
 * The credentials with which the local AWS runs a function that has been called: it makes them of the function's name and role,
 * so that a test can be who the function is, and find out what its role lets it do.
 */
export function credentialsOf({ FunctionArn, Role }: DeployedFunction): RoleCredentials {
  const digest = hex(`${FunctionArn}:${Role}`);
  return {
    accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
    secretAccessKey: hex(`secret:${digest}`),
    sessionToken: hex(`token:${digest}`),
  };
}
