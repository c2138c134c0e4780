import { randomBytes } from "node:crypto";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { inject } from "vitest";
import { domainOwnerItem } from "../../functions/domains/owning/store.ts";
import type { ConnectionDeps } from "../../functions/sso/connections/deps.ts";
import * as connectionHandlers from "../../functions/sso/connections/handlers.ts";
import { connectProviders } from "../../functions/sso/connections/pool.ts";
import * as enforcementHandlers from "../../functions/sso/enforcement/handlers.ts";
import type { SignInDeps } from "../../functions/sso/flow/deps.ts";
import * as flowHandlers from "../../functions/sso/flow/handlers.ts";
import { connectHosted } from "../../functions/sso/flow/hosted.ts";
import * as identityHandlers from "../../functions/sso/identities/handlers.ts";
import * as linkingHandlers from "../../functions/sso/linking/handlers.ts";
import { apiOperations, memberOperations, signInOperations } from "../../functions/sso/operations.ts";
import { audienceOf } from "../../functions/sso/saml/model.ts";
import * as trialHandlers from "../../functions/sso/trial/handlers.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { sha256 } from "../../shared/hash.ts";
import { createDispatcher } from "../../shared/http/dispatch.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import { createRouter } from "../../shared/http/router.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { newId } from "../../shared/ids.ts";
import { createOutbound } from "../../shared/outbound/index.ts";
import type { Company } from "./api.ts";
import { type ApiAnswer, unique } from "./api.ts";
import { RedirectBrowser } from "./browser.ts";
import type { TestProvider } from "./oidc-provider.ts";
import { platformPoolClients } from "./platform-providers.ts";
import { awsConfig, stackPlatform, stackTable } from "./stack.ts";

/** Where these tests' requests come from, as a front would say it. */
export const PLACE = { country: "DE", region: "BY", city: "München" };

/** Where the app of these tests takes over. */
export const APP = "https://console.example.com/signed-in";
/** That of the deployment: the pool sends people back to nowhere else. */
export const ORIGIN = inject("stack").apiUrl;

async function answered(answer: Response): Promise<ApiAnswer> {
  const text = await answer.text();
  const json = /json/.test(answer.headers.get("content-type") ?? "");
  return { status: answer.status, headers: answer.headers, text, body: json ? JSON.parse(text) : undefined };
}

/** The sso room's operations in this process, on the deployed table, key and pool. */
export function ssoService(more: Partial<SignInDeps & ConnectionDeps> = {}, clock: Clock = systemClock) {
  const own = stackPlatform(clock);
  const platform = { ...own, table: more.table ?? own.table };
  const { endpoint, outputs } = inject("stack");
  const user_pool_id = outputs.UserPoolId ?? "";
  const pool_url = endpoint.replace("127.0.0.1", "localhost");
  const deps: SignInDeps & ConnectionDeps = {
    table: platform.table,
    secrets: platform.secrets,
    log: platform.log,
    providers: connectProviders(user_pool_id, new CognitoIdentityProviderClient(awsConfig())),
    outbound: createOutbound({ allow_http: true, allow: ["127.0.0.1:*", "localhost:*"] }),
    allow_http: true,
    pool_url,
    audience: audienceOf(user_pool_id),
    hosted: connectHosted({ url: pool_url, user_pool_id, endpoint }),
    randomSecret: () => randomBytes(32).toString("base64url"),
    origins: [new URL(APP).origin],
    clients: platformPoolClients(),
    registrations: { microsoft: "the registration of these tests" },
    ...more,
  };
  const served = (operations: Readonly<Record<string, OperationShape>>, handlers: object) => ({
    finds: createRouter(Object.values(operations)),
    dispatch: createDispatcher(operations, handlers as never, platform, deps),
  });
  const rooms = [
    served(apiOperations, connectionHandlers),
    served(signInOperations, flowHandlers),
    served(memberOperations, { ...enforcementHandlers, ...identityHandlers, ...linkingHandlers, ...trialHandlers }),
  ];
  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) => {
    const [pathname = "", query = ""] = path.split("?");
    const dispatch = rooms.find(({ finds }) => finds(method, `/api/v1${pathname}`).found)?.dispatch;
    if (dispatch === undefined) throw new Error(`no operation for ${method} ${pathname}`);
    const answer = await dispatch({
      method,
      path: `/api/v1${pathname}`,
      query,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      ip: "203.0.113.7",
      place: PLACE,
      origin: ORIGIN,
    });
    return new Response(answer.status === 204 ? null : String(answer.body), {
      status: answer.status,
      headers: { ...answer.headers },
    });
  };
  const browser = () => new RedirectBrowser((url, headers) => send("GET", url.pathname.slice(7) + url.search, headers));
  return {
    deps,
    platform,
    /** The organization proves a domain. */
    prove: (company: Pick<Company, "organization_id">, domain: string, auto_join_role: string | null = null) =>
      stackTable().transact([
        stackTable()
          .of(PLATFORM)
          .writes.put(domainOwnerItem, {
            domain,
            organization_id: company.organization_id,
            domain_id: newId("domain", new Date()),
            auto_join: auto_join_role !== null,
            default_role: auto_join_role ?? "viewer",
          }),
      ]),
    unprove: (domain: string) =>
      stackTable().transact([stackTable().of(PLATFORM).writes.remove(domainOwnerItem, { domain }, {})]),
    browser,
    /** SSO is enforced, and one owner is named. */
    enforce: ({ organization_id, token }: Company, break_glass_user_id: string) =>
      send(
        "PUT",
        `/organizations/${organization_id}/sso-enforcement`,
        { authorization: `Bearer ${token}` },
        { break_glass_user_id },
      ).then(answered),
    async call(
      method: string,
      path: string,
      body?: unknown,
      token?: string,
      headers: Record<string, string> = {},
    ): Promise<ApiAnswer> {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return answered(await send(method, path, { ...headers, ...authorization }, body));
    },
    /** A page that a browser with these cookies opens. */
    open: (path: string, cookie: string) => send("GET", path, { cookie }),
    /** A verifier and its challenge. */
    pkce() {
      const verifier = randomBytes(32).toString("base64url");
      return { verifier, challenge: sha256(verifier) };
    },
    /** An app that begins to sign somebody in. */
    begin(how: Record<string, string>, verifier = randomBytes(32).toString("base64url")) {
      const query = new URLSearchParams({
        redirect_uri: APP,
        state: "app-state",
        code_challenge: sha256(verifier),
        ...how,
      });
      return { url: `${ORIGIN}/api/v1/sso/start?${query}`, verifier };
    },
    /** Signs somebody in through a connection, from the app's first step to its last. */
    async signIn(how: Record<string, string>, using = browser(), device_token?: string) {
      const { url, verifier } = this.begin(how);
      const end = new URL(await using.follow(url, APP));
      const reason = /\/sso\/refused\/(\w+)$/.exec(end.pathname)?.[1];
      if (reason !== undefined) return { reason, code: "", verifier, answer: undefined };
      const code = end.searchParams.get("code") ?? "";
      const answer = await this.call("POST", "/sso/token", { code, code_verifier: verifier, device_token });
      // Some hear only when the app comes for the tokens that they are not let in.
      return { reason: answer.status === 409 ? (answer.body.reason as string) : undefined, code, verifier, answer };
    },
    /** Connects a company's provider. */
    async connect(company: Company, provider: TestProvider, settings: object = {}): Promise<ApiAnswer["body"]> {
      const { issuer, client_id, client_secret } = provider;
      const body = {
        name: unique("Directory"),
        provider: { kind: "oidc", issuer, client_id, client_secret },
        ...settings,
      };
      const created = await this.call("POST", "/sso/connections", body, company.token);
      if (created.status !== 201) throw new Error(`not connected: ${created.status} ${created.text}`);
      return created.body;
    },
  };
}
