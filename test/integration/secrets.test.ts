import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { expect, inject, test } from "vitest";
import * as z from "zod";
import { createSecrets, kmsKeys } from "../../shared/secrets/index.ts";
import * as sdk from "../../shared/secrets/lazy/kms.ts";

const readStack: (key: string) => unknown = inject as never;
const stack = z.object({ endpoint: z.url(), region: z.string(), KeyArn: z.string() }).parse(readStack("stack"));

const client = new KMSClient({
  endpoint: stack.endpoint,
  region: stack.region,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});
const context = { purpose: "webhook_secrets", tenant: "org_secrets_a", field: "webhook.secret" } as const;

test("a secret encrypted under the stack's key is read again through KMS", async () => {
  const secrets = createSecrets({ keys: kmsKeys(sdk, client, stack.KeyArn) });
  const stored = await secrets.encrypt("whsec_clear", context);
  expect(stored).not.toContain("whsec_clear");
  expect(await createSecrets({ keys: kmsKeys(sdk, client, stack.KeyArn) }).decrypt(stored, context)).toBe(
    "whsec_clear",
  );
});

test.each([
  { ...context, tenant: "org_secrets_b" },
  { ...context, field: "connector.password" },
])("KMS refuses the data key for %j, and the caller learns that the secret is unreadable", async (other) => {
  const keys = kmsKeys(sdk, client, stack.KeyArn);
  const stored = await createSecrets({ keys }).encrypt("clear", context);
  await expect(createSecrets({ keys }).decrypt(stored, other)).rejects.toMatchObject({ code: "unreadable" });
  const wrapped = Buffer.from(stored.split(".")[1] ?? "", "base64url");
  await expect(keys.unwrap(wrapped, other)).rejects.toMatchObject({ name: "InvalidCiphertextException" });
});

test("a data key that was wrapped by another key is refused", async () => {
  const created = await client.send(new CreateKeyCommand({ Description: "another key" }));
  const other = kmsKeys(sdk, client, created.KeyMetadata?.Arn ?? "");
  const stored = await createSecrets({ keys: other }).encrypt("clear", context);
  await expect(
    createSecrets({ keys: kmsKeys(sdk, client, stack.KeyArn) }).decrypt(stored, context),
  ).rejects.toMatchObject({
    code: "unreadable",
  });
});
