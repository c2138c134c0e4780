import { randomBytes, randomUUID } from "node:crypto";
import type { HostedSignIn } from "../../functions/sso/flow/hosted.ts";
import { sha256 } from "../../shared/hash.ts";
import { POOL_ATTRIBUTES } from "../../shared/identity/pool-providers.ts";
import { APP_ORIGIN, type Prepared, type Scenario, type Scene } from "./scene.ts";
import type { Tenant } from "./world.ts";

/** Whom the pool is told to prove, in place of a code. */
interface Proof {
  readonly nonce: string;
  readonly provider: string;
  readonly email: string;
}

const sealed = (proof: object): string => Buffer.from(JSON.stringify(proof)).toString("base64url");
const opened = (code: string): Proof => JSON.parse(Buffer.from(code, "base64url").toString("utf8"));

/** A pool that proves whomever it is told, and costs no call: what is counted is what sign-ins ask of the table. */
export const hostedPool: HostedSignIn = {
  authorize: (parameters) => `https://pool.example.com/?${new URLSearchParams(parameters)}`,
  async exchange({ code, client_id }) {
    const { email } = opened(code);
    const claims = sealed({ sub: email, origin_jti: randomUUID(), client_id });
    return {
      id_token: code,
      // As long as Cognito's.
      access_token: `${"x".repeat(100)}.${claims}.${"x".repeat(700)}`,
      refresh_token: "x".repeat(1_500),
      expires_in: 900,
    };
  },
  async claims(id_token) {
    const { nonce, provider, email } = opened(id_token);
    return { nonce, sub: email, "cognito:username": `${provider}_${email}`, [POOL_ATTRIBUTES.email]: email };
  },
};

const verifier = randomBytes(32).toString("base64url");

const startPath = (how: Readonly<Record<string, string>>): string =>
  `/sso/start?${new URLSearchParams({
    ...how,
    redirect_uri: `${APP_ORIGIN}/signed-in`,
    state: "s".repeat(43),
    code_challenge: sha256(verifier),
  })}`;

/** A browser that comes back from the pool. */
async function back(tenant: Tenant, { sso_connection }: Scene, email: string): Promise<Prepared> {
  const { location, cookie } = await tenant.visit(startPath({ connection_id: sso_connection }));
  const asked = new URL(location).searchParams;
  const [nonce = "", provider = "", state = ""] = ["nonce", "identity_provider", "state"].map(
    (name) => asked.get(name) ?? "",
  );
  return { path: `/sso/callback?${new URLSearchParams({ state, code: sealed({ nonce, provider, email }) })}`, cookie };
}

/** An app that comes for the tokens. */
async function proved(tenant: Tenant, scene: Scene, email: string, device_token?: string): Promise<Prepared> {
  const { path = "", cookie } = await back(tenant, scene, email);
  const { location } = await tenant.visit(path, cookie);
  const code = new URL(location).searchParams.get("code");
  return { body: { code, code_verifier: verifier, ...(device_token === undefined ? {} : { device_token }) } };
}

/** Somebody who has signed in already. @returns what their device has kept */
async function known(tenant: Tenant, scene: Scene, email: string): Promise<string> {
  const { body } = await proved(tenant, scene, email);
  return String((await tenant.call("POST", "/sso/token", body)).body.device_token);
}

const addressOf = (name: string, { mail_domain }: Scene): string => `${name}@${mail_domain}`;

/** A sign-in through the company's provider, step by step. */
export const signInRows: readonly Scenario[] = [
  { id: "sso.start", method: "GET", path: (s) => startPath({ connection_id: s.sso_connection }) },
  { id: "sso.start_by_email", method: "GET", path: (s) => startPath({ email: addressOf("anybody", s) }) },
  {
    id: "sso.callback",
    method: "GET",
    path: () => "/sso/callback",
    async prepare(tenant, scene) {
      const email = addressOf("back", scene);
      await known(tenant, scene, email);
      return back(tenant, scene, email);
    },
  },
  {
    id: "sso.token",
    method: "POST",
    path: () => "/sso/token",
    async prepare(tenant, scene) {
      const email = addressOf("again", scene);
      return proved(tenant, scene, email, await known(tenant, scene, email));
    },
  },
  {
    id: "sso.token_of_somebody_new",
    method: "POST",
    path: () => "/sso/token",
    prepare: (tenant, scene) => proved(tenant, scene, addressOf("new", scene)),
  },
];
