import { join } from "node:path";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { inject } from "vitest";
import { connectProviders } from "../../functions/sso/connections/pool.ts";
import { withLock } from "../../local/lock.ts";
import { localDir } from "../../local/paths.ts";
import type { PlatformProvider } from "../../shared/identity/platform-providers.ts";
import { platformPoolProvider } from "../../shared/identity/pool-providers.ts";
import { poolPage, startProvider, type TestProvider } from "./oidc-provider.ts";
import { awsConfig } from "./stack.ts";

/** The pool's clients of the providers that are everybody's, as the test deployment has them. */
export function platformPoolClients(): Readonly<Record<PlatformProvider, string>> {
  const { outputs } = inject("stack");
  return { google: outputs.GoogleClientId ?? "", microsoft: outputs.MicrosoftClientId ?? "" };
}

const WAIT_MS = 600_000;

/** Waits until no other file of tests has this provider. @returns what gives it back */
async function alone(provider: PlatformProvider): Promise<() => void> {
  const file = join(localDir, `test-${inject("stack").emulatorPid}-${provider}.lock`);
  const { promise: over, resolve: release } = Promise.withResolvers<void>();
  const { promise: taken, resolve: take, reject } = Promise.withResolvers<void>();
  withLock(file, WAIT_MS, () => {
    take();
    return over;
  }).catch(reject);
  await taken;
  return release;
}

/**
 * A real OpenID Connect provider that stands for Google or Microsoft. The pool knows it exactly as it is deployed to know
 * the real one, but for the issuer and the registration. The pool has one of each, so files of tests take turns.
 */
export async function startPlatformProvider(provider: PlatformProvider): Promise<TestProvider> {
  const release = await alone(provider);
  const started = await startProvider(poolPage());
  const client = new CognitoIdentityProviderClient(awsConfig());
  await connectProviders(inject("stack").outputs.UserPoolId ?? "", client).put(platformPoolProvider(provider, started));
  return {
    ...started,
    async stop() {
      await started.stop();
      release();
    },
  };
}
