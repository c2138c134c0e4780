import type { Aws } from "./aws.ts";
import { deployedWith } from "./deployed.ts";

const ENABLED = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";

/**
 * Lets files be locked in the buckets whose templates in `assemblyDir` ask for it: the emulator's CloudFormation ignores
 * ObjectLockEnabled. Doing it again changes nothing.
 */
export async function applyObjectLock(aws: Aws, assemblyDir: string): Promise<void> {
  for (const { properties, name } of await deployedWith(aws, assemblyDir, "ObjectLockEnabled"))
    if (properties.ObjectLockEnabled === true) await aws.put("s3", `/${name}?object-lock`, ENABLED);
}
