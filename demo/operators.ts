import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import { awsEnvironment } from "../local/aws.ts";
import { readOutputs } from "../local/deploy.ts";
import { devDir, repoDir } from "../local/paths.ts";
import { findRunning } from "../local/running.ts";
import { Client } from "./client.ts";
import { must, remark, type Story } from "./story.ts";

/** Where the story stands when those who run the platform come in. */
export interface Tenant {
  readonly gateway: string;
  readonly owner: Client;
  readonly organization_id: string;
  /** Registers somebody; gives the mail address. */
  register(client: Client, name: string): Promise<string>;
}

/** Those who run the platform: they stop a company and take it back, and look into it when another one approves. */
export async function tellOfOperators(story: Story, { gateway, owner, organization_id, register }: Tenant) {
  const [olga, otto] = [new Client(gateway), new Client(gateway)];

  await story.step(
    "Two people become operators of the platform: by the account's rights, and with a second factor",
    async () => {
      for (const [client, name] of [
        [olga, "Olga"],
        [otto, "Otto"],
      ] as const) {
        const email = await register(client, name);
        const { secret } = await client.post("/auth/me/mfa/totp", {}, 201);
        const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
        await client.post("/auth/me/mfa/totp/activate", { code }, 200);
        await client.call("GET", "/platform/organizations", { expect: 403 });
        remark(await grant(email));
      }
      const { items } = await olga.get("/platform/organizations?search=northwind");
      must(
        items.some(({ id }: { id: string }) => id === organization_id),
        "they do not find the company",
      );
      return "they find companies, and see nothing of what is in them";
    },
  );

  await story.step(
    "An operator suspends the company: all its requests stop, and go on when it is taken back",
    async () => {
      const path = `/platform/organizations/${organization_id}`;
      await olga.post(`${path}/suspend`, { reason: "Unpaid since March." }, 200);
      const refused = await owner.call("GET", "/workspaces", { expect: 403 });
      must(refused.body.code === "organization_suspended", "something else refuses");
      await olga.post(`${path}/restore`, {}, 200);
      await owner.get("/workspaces");
      await olga.call("PUT", `${path}/plan`, { body: { plan: "pro" }, expect: 200 });
      remark("They have paid: another plan, and its limits count from the next request on.");
      return refused.body.detail;
    },
  );

  await story.step(
    "One looks into it for five minutes: a second one approves, the owner sees it and ends it",
    async () => {
      const path = `/platform/organizations/${organization_id}/accesses`;
      const asked = await olga.post(
        path,
        { reason: "A run that hangs.", minutes: 5, permissions: ["agents:read"] },
        201,
      );
      await olga.post(`/platform/accesses/${asked.id}/approve`, {}, 403);
      await otto.post(`/platform/accesses/${asked.id}/approve`, {}, 200);
      olga.organization = organization_id;
      await olga.get("/agents");
      await olga.call("GET", "/users", { expect: 403 });
      const { items } = await owner.get("/operator-accesses");
      must(items[0].id === asked.id && items[0].status === "active", "the owner does not see it");
      await owner.post(`/operator-accesses/${asked.id}/revoke`, {}, 200);
      await olga.call("GET", "/agents", { expect: 403 });
      return "its end is felt by the next request";
    },
  );
}

/** Runs the operators' command on the local system, as `npm run operator -- grant` does. */
async function grant(email: string): Promise<string> {
  const running = await findRunning();
  if (running === undefined) throw new Error("the local system does not run");
  const { TableName = "" } = readOutputs(join(devDir, "outputs.json"));
  const env = { ...process.env, ...awsEnvironment(running.aws_url), TABLE_NAME: TableName };
  const { stdout, stderr, status } = spawnSync(process.execPath, ["admin/operator.ts", "grant", email], {
    cwd: repoDir,
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the command failed: ${stderr}`);
  return stdout.trim();
}
