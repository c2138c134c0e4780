import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import * as handlers from "../functions/organizations/handlers.ts";
import { operations } from "../functions/organizations/operations.ts";
import { createAuthenticator } from "../shared/access/authenticate.ts";
import { createTokenVerifier } from "../shared/access/token.ts";
import { systemClock } from "../shared/clock.ts";
import { API_BASE } from "../shared/http/operation.ts";
import type { Platform } from "../shared/http/platform.ts";
import { serve } from "../shared/http/serve.ts";
import { createLog } from "../shared/observability/log.ts";
import { createMeter } from "../shared/observability/metrics.ts";
import { inTurns, microsecondsOf, microsecondsPerCall, spreadOf } from "./measure.ts";
import { atMost, type Benchmark } from "./row.ts";
import { apiEvent } from "./support/event.ts";
import { ownerAt } from "./support/owner.ts";
import { functionSettings } from "./support/settings.ts";
import { bareVerify, type Issuer, POOL, startIssuer } from "./support/tokens.ts";
import { memoryTable } from "./warm/memory-table.ts";

const TABLE = "benchmark";
/** A deployment's front, through which every request comes. */
const FRONT = { secret: functionSettings.FRONT_SECRET, says_place: false, origins: [] };
/** Short rounds and many of them, so that some meet no other load. */
const ROUNDS = 121;
const CALLS = 100;
/** More than a process remembers, so that one that comes round again is as new as at first. */
const TOKENS = 2_100;

export const warmRequest: Benchmark = {
  id: "warm-request",
  title: "A warm request without I/O",
  about: `
The whole way of one request through a warm API function: gateway event, the front's secret, routing, the token (RS256, verified by the
function's own verifier with the key set of a local issuer), live rights from three items, two rate counters, parsing, the
permission, the handler of \`GET /organizations/{organization_id}\`, the response schema, log line and metric. Only the network is missing:
the table's client answers from memory and standard output goes nowhere. The other side is one bare signature
check of the same token with \`node:crypto\`, which any API that is called with such tokens pays. A token that this process has seen is
not verified again (whether it still counts is read from the table each time), hence the second row.
`,
  async run() {
    const issuer = await startIssuer();
    try {
      const { event, tokens, items } = scene(issuer);
      const events = tokens.map(event);
      const [sameEvent] = events;
      const [sameToken] = tokens;
      if (sameEvent === undefined || sameToken === undefined) throw new Error("no tokens");
      const remembering = await warmHandler(issuer, items, sameEvent);
      const forgetting = await warmHandler(issuer, items, sameEvent);
      let next = 0;
      let checked = 0;
      const rounds = await quietly(() =>
        inTurns(ROUNDS, {
          bare: () =>
            microsecondsOf(CALLS, () => {
              if (!bareVerify(tokens[checked++ % TOKENS] ?? sameToken, issuer.publicKey))
                throw new Error("not genuine");
            }),
          first_seen: () => microsecondsPerCall(CALLS, () => forgetting(events[next++ % TOKENS] ?? sameEvent)),
          remembered: () => microsecondsPerCall(CALLS, () => remembering(sameEvent)),
        }),
      );
      const other = rounds.bare.least;
      return [
        atMost(
          2.4,
          {
            id: "warm-first-token",
            what: "A request with a token seen for the first time against one bare RS256 check",
            unit: "µs",
            spread: spreadOf(rounds.first_seen),
          },
          rounds.first_seen.least,
          other,
        ),
        atMost(
          1,
          {
            id: "warm-remembered-token",
            what: "A request with a token seen before against one bare RS256 check",
            unit: "µs",
            spread: spreadOf(rounds.remembered),
          },
          rounds.remembered.least,
          other,
        ),
      ];
    } finally {
      await issuer.close();
    }
  },
};

/** Events that read the organization, each with a token of its own. */
function scene(issuer: Issuer) {
  const at = new Date();
  const { organization_id, user_id, origin_jti, items } = ownerAt(at, "5b1f0c1e-0000-4000-8000-000000000000");
  const path = `${API_BASE}/organizations/${organization_id}`;
  const event = (token: string) => apiEvent("GET", path, token);
  const tokens = Array.from({ length: TOKENS }, (_, serial) => issuer.token(user_id, origin_jti, serial));
  return { event, tokens, items };
}

/** The room's handler as its `api.ts` makes it, on the table in memory; it has answered one event. */
async function warmHandler(
  issuer: Issuer,
  items: Parameters<typeof memoryTable>[1],
  first: APIGatewayProxyEventV2,
): Promise<(event: APIGatewayProxyEventV2) => Promise<unknown>> {
  const table = memoryTable(TABLE, items);
  const tokens = createTokenVerifier({ userPoolId: POOL, endpoint: issuer.endpoint });
  const refused = (): never => {
    throw new Error("this request encrypts nothing");
  };
  const platform: Platform = {
    table,
    clock: systemClock,
    authenticate: createAuthenticator(table, tokens),
    secrets: { encrypt: refused, decrypt: refused },
    log: createLog("organizations"),
    meter: createMeter("organizations"),
    limits: { user: 1_000_000_000, address: 1_000_000_000 },
  };
  const handler = serve({ operations, handlers, platform, deps: platform }, FRONT);
  const call = async (event: APIGatewayProxyEventV2) => {
    const answer = await handler(event, {} as Context);
    if (answer.statusCode !== 200) throw new Error(`the request is refused: ${answer.body}`);
    return answer;
  };
  await quietly(() => call(first));
  return call;
}

/** Does something while standard output goes nowhere; in Lambda it goes to a pipe that somebody else empties. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
}
