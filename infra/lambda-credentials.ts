import { fromEnv } from "@aws-sdk/credential-provider-env";

/**
 * What the bundles use in place of the SDK's chain of credential providers: Lambda gives a function its role's
 * credentials in the environment and nowhere else. The chain (SSO, STS, instance metadata, config files) would add
 * 90 KB to every function and could only find what a function must not use.
 */
export const defaultProvider = () => fromEnv();
