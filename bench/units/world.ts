import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { marshall } from "@aws-sdk/util-dynamodb";
import { domainOwnerItem } from "../../functions/domains/owning/store.ts";
import { invitationItem, invitationTokenContext } from "../../functions/invitations/store.ts";
import { SCIM_BASE } from "../../functions/scim/model.ts";
import { identityItem, signInRecordItem, userIdentityItem } from "../../functions/sso/store.ts";
import { awsEnvironment } from "../../local/aws.ts";
import { ensureEmulatorInstalled, startEmulator } from "../../local/emulator.ts";
import { forget } from "../../local/stack.ts";
import { createAuthenticator } from "../../shared/access/authenticate.ts";
import { operatorItem } from "../../shared/access/operators.ts";
import { createTokenVerifier } from "../../shared/access/token.ts";
import { systemClock, timestamp } from "../../shared/clock.ts";
import { toStored } from "../../shared/dynamo/item.ts";
import { Table } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { API_BASE } from "../../shared/http/operation.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { PLATFORM, sessionItem, userItem } from "../../shared/identity/items.ts";
import { newId } from "../../shared/ids.ts";
import { rateItem } from "../../shared/limits/reserve.ts";
import { addDays } from "../../shared/limits/retention.ts";
import type { Log } from "../../shared/observability/log.ts";
import { silentMeter } from "../../shared/observability/metrics.ts";
import { createSecrets, kmsKeys } from "../../shared/secrets/index.ts";
import * as sdk from "../../shared/secrets/lazy/kms.ts";
import { sealer } from "../../shared/secrets/sealer.ts";
import { countUnits } from "../../test/support/units/counter.ts";
import { type Owner, ownerAt } from "../support/owner.ts";
import { CLIENT, type Issuer, POOL, startIssuer } from "../support/tokens.ts";
import { dispatchers } from "./rooms.ts";
import { APP_ORIGIN } from "./scene.ts";
import { copy, createTable, putAll, TABLE } from "./store.ts";

export const BUCKET = "units";
const OPERATORS = "/platform/";

/** An answer with what scenarios look for in it. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** An organization whose owner calls the product's operations, inside this process and on a real engine. */
export interface Tenant {
  readonly owner: Owner;
  readonly token: string;
  /** A call of the owner, of the organization's directory where the path is of SCIM, of an operator where it is of the platform. */
  call(method: string, path: string, body?: unknown, cookie?: string): Promise<Answered>;
  /** Opens a page that sends its visitor on. @returns where to, and the cookies that the browser has from it */
  visit(path: string, cookie?: string): Promise<{ readonly location: string; readonly cookie: string }>;
  /** Gives the organization a mail domain, and a directory with a token. @returns the domain and the token's id */
  connectDirectory(): Promise<{ readonly domain: string; readonly token_id: string }>;
  /** Has somebody join by an invitation, and makes so many members like them. @returns the first one's id */
  join(count: number): Promise<string>;
  readonly table: Table;
  /** Has the owner and a member come by a provider, and so many more. @returns who the two are there */
  signIn(
    connection_id: string,
    member: string,
    count: number,
  ): Promise<{ readonly own_identity: string; readonly identity: string }>;
  /** Calls, and makes what the call created so many times more. */
  several(count: number, method: string, path: string, body: unknown, keep?: readonly string[]): Promise<Answered>;
}

export interface World {
  readonly endpoint: string;
  readonly issuer: Issuer;
  readonly key_arn: string;
  readonly counter: ReturnType<typeof countUnits>;
  found(name: string): Promise<Tenant>;
  stop(): Promise<void>;
}

/** Starts the local AWS with the product's table, a bucket and a key, and nothing deployed. */
export async function startWorld(): Promise<World> {
  await ensureEmulatorInstalled();
  const stateDir = mkdtempSync(join(tmpdir(), "kaizen-bench-"));
  const emulator = await startEmulator({ stateDir, persist: false });
  const issuer = await startIssuer();
  const stop = async () => {
    await Promise.all([emulator.stop(), issuer.close()]);
    forget(stateDir);
  };
  try {
    Object.assign(process.env, awsEnvironment(emulator.endpoint), {
      BUCKET_NAME: BUCKET,
      OUTBOUND_ALLOW_HTTP: "false",
      OUTBOUND_ALLOW_HOSTS: "",
      BROWSER_ORIGINS: APP_ORIGIN,
      USER_POOL_ID: POOL,
      USER_POOL_CLIENT_ID: CLIENT,
      STATE_MACHINE_ARN: "arn:aws:states:us-east-1:000000000000:stateMachine:none",
    });
    const looking = new DynamoDBClient({});
    const counted = new DynamoDBClient({});
    const kms = new KMSClient({});
    await createTable(looking);
    await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: BUCKET }));
    const key = await kms.send(new CreateKeyCommand({}));
    const counter = countUnits(counted, looking, (key) => key.sk?.S === rateItem.key.sk);
    const key_arn = key.KeyMetadata?.Arn ?? "";
    const platform = platformOn(Table.connect(TABLE, counted), issuer, kms, key_arn);
    const dispatch = dispatchers(platform);
    /**
     * Somebody who runs the platform, signed in with a second factor, who has founded an organization: there are some more
     * than the one that is looked at, and this process knows them. @returns their token
     */
    const operator = async (name: string): Promise<string> => {
      const { user_id, email, origin_jti, items } = ownerAt(new Date(), `family-${name}`, `${name}@example.com`);
      const granted = { user_id, email, granted_at: new Date().toISOString() };
      const own = items.map((item) => (item.item_type === sessionItem.type ? { ...item, second_factor: true } : item));
      await putAll(looking, [...own, toStored(operatorItem, PLATFORM, granted)]);
      const token = issuer.token(user_id, origin_jti, 1);
      await sendTo(dispatch, token, "POST", "/organizations", { name: `Founded by ${name}` });
      return token;
    };
    const [asks, approves] = [await operator("operator"), await operator("approver")];
    const found = async (name: string): Promise<Tenant> => {
      const owner = ownerAt(new Date(), `family-${name}`, `${name}@example.com`);
      await putAll(looking, owner.items);
      const token = issuer.token(owner.user_id, owner.origin_jti, 1);
      let directory = "";
      const call = (method: string, path: string, body?: unknown, cookie = "") =>
        send(callerOf(path), method, path, body, cookie);
      const callerOf = (path: string): string => {
        if (path.startsWith(SCIM_BASE)) return directory;
        if (!path.startsWith(OPERATORS)) return token;
        return path.endsWith("/approve") ? approves : asks;
      };
      const send = (token: string, method: string, path: string, body?: unknown, cookie?: string) =>
        sendTo(dispatch, token, method, path, body, cookie);
      const kept = [owner.organization_id, owner.user_id];
      return {
        owner,
        token,
        table: platform.table,
        call,
        visit: async (path, cookie) => {
          const { headers } = await call("GET", path, undefined, cookie);
          return { location: headers.location ?? "", cookie: headers["set-cookie"]?.split(";")[0] ?? "" };
        },
        signIn: async (connection_id, member, count) => {
          const [own, their] = [newId("sso_identity", new Date()), newId("sso_identity", new Date())];
          const written = await counter.written(() =>
            platform.table.transact([
              ...comingBy(platform.table, owner, connection_id, { id: own, user_id: owner.user_id }),
              ...comingBy(platform.table, owner, connection_id, { id: their, user_id: member }),
            ]),
          );
          const once = new Set([...kept, connection_id, member]);
          // Of ways into one account there are few at most.
          const others = written.filter(({ item_type }) => item_type?.S !== userIdentityItem.type);
          await copy(looking, others, count - 1, once);
          return { own_identity: own, identity: their };
        },
        connectDirectory: async () => {
          const { organization_id } = owner;
          const domain = `${name}.example.net`;
          const given = { domain, organization_id, domain_id: newId("domain", new Date()) };
          const everybody = platform.table.of(PLATFORM);
          await everybody.transact([
            everybody.writes.put(domainOwnerItem, { ...given, auto_join: false, default_role: "viewer" }),
          ]);
          const { body } = await call("POST", "/scim/tokens", { name: "Directory" });
          directory = String(body.token);
          return { domain, token_id: String(body.id) };
        },
        join: async (count) => {
          const guest = ownerAt(new Date(), `guest-${name}`, `guest-${name}@example.com`);
          await putAll(looking, guest.items);
          const { body } = await call("POST", "/invitations", { email: guest.email, role: "viewer" });
          const invited = await platform.table.of(owner.organization_id).get(invitationItem, { id: String(body.id) });
          if (invited === undefined) throw new Error("nobody was invited");
          const link = await platform.secrets.decrypt(invited.sealed_token, invitationTokenContext(invited));
          const written = await counter.written(async () => {
            await send(issuer.token(guest.user_id, guest.origin_jti, 1), "POST", "/invitations/accept", {
              token: link,
            });
          });
          const people = guest.items
            .filter(({ item_type }) => item_type === userItem.type)
            .map((item) => marshall(item));
          await copy(looking, [...written, ...people], count - 1, new Set(kept));
          return guest.user_id;
        },
        several: async (count, method, path, body, keep = []) => {
          let answer: Answered | undefined;
          const written = await counter.written(async () => {
            answer = await call(method, path, body);
          });
          if (answer === undefined) throw new Error("no answer");
          await copy(looking, written, count - 1, new Set([...kept, ...keep]));
          return answer;
        },
      };
    };
    return { endpoint: emulator.endpoint, issuer, key_arn, counter, found, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function sendTo(
  dispatch: ReturnType<typeof dispatchers>,
  token: string,
  method: string,
  path: string,
  body?: unknown,
  cookie = "",
): Promise<Answered> {
  const [pathname = "", query = ""] = path.split("?");
  const answer = await dispatch({
    method,
    path: pathname.startsWith(SCIM_BASE) ? pathname : API_BASE + pathname,
    query,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "user-agent": "benchmark",
      cookie,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    ip: "192.0.2.1",
  });
  const { status, headers } = answer;
  // Whoever is not let in is sent to a page that says why.
  if (status >= 400 || headers.location?.includes("/sso/refused/"))
    throw new Error(`${method} ${path}: ${status} ${headers.location ?? String(answer.body)}`);
  // Pictures are answers too.
  const json = answer.body !== "" && (headers["content-type"] ?? "").includes("json");
  return { status, headers, body: json ? JSON.parse(String(answer.body)) : {} };
}

/** Somebody at a provider, whose account that is, and their sign-in. */
function comingBy(
  table: Table,
  { organization_id }: Owner,
  connection_id: string,
  { id, user_id }: { readonly id: string; readonly user_id: string },
): Write[] {
  const at = new Date();
  const now = at.toISOString();
  const own = table.of(organization_id);
  const platform = table.of(PLATFORM);
  const email = "ada@example.com";
  const sign_in = newId("sso_sign_in", at);
  const ended = { outcome: "signed_in", reason: null, user_id, email, ip: "192.0.2.1", occurred_at: now } as const;
  return [
    own.writes.put(identityItem, {
      ...{ id, connection_id, user_id, email, linked_by: "email", sub: id },
      ...{ created_at: now, last_sign_in_at: now },
    }),
    platform.writes.put(userIdentityItem, { user_id, id, organization_id, connection_id }),
    own.writes.put(signInRecordItem, { id: sign_in, connection_id, ...ended, expires_at: timestamp(addDays(at, 1)) }),
  ];
}

/** Faults end the benchmark; their cause is told. Nothing runs the workflows that runs would start here. */
const faultsOnly: Log = {
  info() {},
  error(event, error) {
    if (event !== "run.start_delayed") console.error(event, error);
  },
};

function platformOn(table: Table, issuer: Issuer, kms: KMSClient, key: string): Platform {
  const tokens = createTokenVerifier({ userPoolId: POOL, endpoint: issuer.endpoint });
  return {
    table,
    clock: systemClock,
    authenticate: createAuthenticator(table, tokens),
    secrets: sealer(createSecrets({ keys: kmsKeys(sdk, kms, key) })),
    log: faultsOnly,
    meter: silentMeter,
    limits: { user: 1_000_000, address: 1_000_000 },
  };
}
