/**
 * What a stack for tests says of the operator's registrations at Google and Microsoft: the user pool has a client for each
 * then, and a test makes the provider behind it, which the emulator's CloudFormation does not know.
 */
export const testProviders: Readonly<Record<string, string>> = {
  google_client_id: "kaizen",
  google_client_secret: "kaizen/google",
  microsoft_client_id: "kaizen",
  microsoft_client_secret: "kaizen/microsoft",
  microsoft_tenant: "00000000-0000-0000-0000-000000000000",
};
