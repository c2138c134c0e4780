import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

/** What a person's directory says of them. */
export interface Employee {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  /** As one text: the local pool drops claims that are lists. */
  readonly groups?: string;
  /** Google's: whose company the account is of. */
  readonly hd?: string;
  /** Microsoft's: whether the owner of the address's domain is verified. */
  readonly xms_edov?: boolean;
}

export interface TestProvider {
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** Who sits before the browser from now on. */
  signsIn(employee: Employee): void;
  stop(): Promise<void>;
}

/**
 * A company's OpenID Connect provider on a port of its own: a real one, in which whoever sits before the browser is
 * signed in without being asked.
 * @param redirect_uri where it sends people back to: the pool
 */
export async function startProvider(redirect_uri: string): Promise<TestProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [client_id, client_secret] = ["kaizen", randomBytes(32).toString("base64url")];
  const employees = new Map<string, Employee>();
  let present = "";
  const scope = "openid email profile";
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id,
        client_secret,
        redirect_uris: [redirect_uri],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups", "hd", "xms_edov"] },
    // As most providers do: what the scopes name stands in the id token too.
    conformIdTokenClaims: false,
    // Said, so that it does not warn that nothing was.
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => false },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...employees.get(sub), sub }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client?.clientId ?? "",
        accountId: ctx.oidc.session?.accountId ?? "",
      });
      grant.addOIDCScope(scope);
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  server.on("request", (request, response) => {
    if (request.url?.startsWith("/interaction/"))
      void provider.interactionFinished(request, response, { login: { accountId: present } });
    else void callback(request, response);
  });
  return {
    issuer,
    client_id,
    client_secret,
    signsIn(employee) {
      employees.set(employee.sub, employee);
      present = employee.sub;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
