import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import {
  AdminInitiateAuthCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { beforeAll, describe, expect, inject, it, vi } from "vitest";
import { timestamp } from "../../shared/clock.ts";
import { PLATFORM, sessionItem } from "../../shared/identity/items.ts";
import { type Company, call } from "../support/api.ts";
import { addMember } from "../support/members.ts";
import { roomyCompany } from "../support/plans.ts";
import { directoryOf } from "../support/scim.ts";
import { awsConfig, stackPlatform, stackTable } from "../support/stack.ts";
import { nowhere } from "./fixtures.ts";
import { guarded, plain, request, rows } from "./operations.ts";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const parts = (token: string): [string, string, string] => token.split(".") as [string, string, string];
const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));

let company: Company;
let forgeries: Record<string, string>;
beforeAll(async () => {
  company = await roomyCompany();
  const [header, payload, signature] = parts(company.token);
  const claims = decode(payload);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const bySomebody = (body: unknown, head = header) =>
    `${head}.${encode(body)}.${sign("sha256", Buffer.from(`${head}.${encode(body)}`), privateKey).toString("base64url")}`;
  const symmetric = encode({ ...decode(header), alg: "HS256" });
  const hmac = createHmac("sha256", publicKey.export({ type: "spki", format: "pem" }));
  forgeries = {
    "no token at all": "",
    "no token but a word": "not-a-token",
    "a token with another payload": `${header}.${encode({ ...claims, username: "usr_00000000000000000000000001" })}.${signature}`,
    "a token of another signer": bySomebody(claims),
    "a token that has expired": bySomebody({ ...claims, exp: 1_700_000_000 }),
    "a token without signature": `${encode({ alg: "none", typ: "JWT" })}.${payload}.`,
    "a token signed with a public key as secret": `${symmetric}.${payload}.${hmac.update(`${symmetric}.${payload}`).digest("base64url")}`,
    "a refresh token": company.refresh_token,
    "a SCIM token": (await directoryOf(company)).token,
  };
});

describe("without a valid credential", () => {
  it.each(rows(guarded))("%s answers 401 without a reason, whatever is wrong with the token", async (_, operation) => {
    const ids = nowhere(operation);
    const answers = await Promise.all(
      Object.values(forgeries).map((token) => request(operation, ids, token === "" ? {} : { token })),
    );
    const basic = await request(operation, ids, { headers: { authorization: "Basic YWRhOnNlY3JldA==" } });
    for (const answer of [...answers, basic]) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(plain(answer)).toEqual(plain(basic));
      expect(answer.body.code).toBe("unauthenticated");
    }
  });
});

describe("a genuine token", () => {
  it("of another client of the pool is refused, for the same person too: no session of ours names it", async () => {
    const member = await addMember(company, "viewer");
    const pool = new CognitoIdentityProviderClient(awsConfig());
    const UserPoolId = inject("stack").outputs.UserPoolId ?? "";
    const { UserPoolClient } = await pool.send(
      new CreateUserPoolClientCommand({
        UserPoolId,
        ClientName: "another",
        ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      }),
    );
    const ClientId = UserPoolClient?.ClientId ?? "";
    const { AuthenticationResult } = await pool.send(
      new AdminInitiateAuthCommand({
        UserPoolId,
        ClientId,
        AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: member.user_id, PASSWORD: member.password },
      }),
    );
    await pool.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }));
    const token = AuthenticationResult?.AccessToken ?? "";
    expect(decode(parts(token)[1])).toMatchObject({ username: member.user_id, token_use: "access" });
    expect((await call("GET", "/auth/me", { token })).status).toBe(401);
    const id_token = AuthenticationResult?.IdToken ?? "";
    expect((await call("GET", "/auth/me", { token: id_token })).status).toBe(401);
  });

  it("is refused when its session was opened by another client", async () => {
    const member = await addMember(company, "viewer");
    const { sub, origin_jti } = decode(parts(member.token)[1]);
    const platform = stackTable().of(PLATFORM);
    await platform.transact([
      platform.writes.update(sessionItem, { sub, origin_jti }, { set: { client_id: "another" } }),
    ]);
    expect((await member.call("GET", "/auth/me")).status).toBe(401);
  });

  it("is refused when its time is over, though its signature is right", async () => {
    const { authenticate } = stackPlatform();
    const headers = { authorization: `Bearer ${company.token}` };
    const raw = { method: "GET", path: "/", query: "", headers, body: undefined, ip: "127.0.0.1" };
    expect((await authenticate(raw, new Date())).principal.id).toBe(company.user_id);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * 3_600_000 });
    try {
      const refused = { code: "unauthenticated", detail: "The request has no valid credential." };
      await expect(authenticate(raw, new Date())).rejects.toMatchObject(refused);
      await expect(stackPlatform().authenticate(raw, new Date())).rejects.toMatchObject(refused);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is refused when its session has ended, at once", async () => {
    const member = await addMember(company, "viewer");
    expect((await member.call("GET", "/auth/me")).status).toBe(200);
    const { sub, origin_jti } = decode(parts(member.token)[1]);
    const platform = stackTable().of(PLATFORM);
    const expires_at = timestamp(new Date(Date.now() - 1_000));
    await platform.transact([platform.writes.update(sessionItem, { sub, origin_jti }, { set: { expires_at } })]);
    expect((await member.call("GET", "/auth/me")).status).toBe(401);
  });
});
