import type { Handler } from "../../../shared/http/call.ts";
import { platformProviders, providerTitles } from "../../../shared/identity/platform-providers.ts";
import * as back from "./callback.ts";
import type { SignInDeps } from "./deps.ts";
import type { signInOperations } from "./operations.ts";
import { refusalPage } from "./page.ts";
import * as out from "./start.ts";
import * as exchange from "./token.ts";

export { begin } from "../asked/begin.ts";
export { showTrial } from "../trial/show.ts";

type Ops = typeof signInOperations;

export const listProviders: Handler<Ops["listProviders"], SignInDeps> = async (_call, { clients }) => ({
  items: platformProviders.filter((id) => clients[id] !== undefined).map((id) => ({ id, name: providerTitles[id] })),
});

export const start: Handler<Ops["start"], SignInDeps> = out.start;

export const callback: Handler<Ops["callback"], SignInDeps> = back.callback;

export const refused: Handler<Ops["refused"], SignInDeps> = async ({ path }) => refusalPage(path.reason);

export const token: Handler<Ops["token"], SignInDeps> = exchange.token;
