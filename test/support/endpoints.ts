import { activeAgent } from "../e2e/runs/setup.ts";
import { type Company, eventually, unique } from "./api.ts";
import { did } from "./suites.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
type Body = any;

/** A gateway that is the data plane of the deployment. */
export const dataPlane = async (company: Company, more: object = {}): Promise<string> =>
  (await did(company, "POST", "/gateways", { name: unique("Data plane"), kind: "built_in", ...more })).id;

export const deploymentBecomes = (company: Company, id: string, status: string): Promise<Body> =>
  eventually(
    async () => {
      const found = await did(company, "GET", `/deployments/${id}`);
      if (found.status === "failed" && status !== "failed") throw new Error(JSON.stringify(found.error));
      return found.status === status ? found : undefined;
    },
    `${id} is ${status}`,
    60,
  );

/** Something that is deployed and answers: where, and by which key. */
export interface Served {
  readonly gateway_id: string;
  readonly agent_id: string;
  readonly deployment: Body;
  readonly endpoint: Body;
  readonly key_id: string;
  readonly key: string;
}

/** Deploys an agent to the data plane, with a key of its endpoint. */
export async function served(company: Company, more: Record<string, unknown> = {}, gateway?: string): Promise<Served> {
  const gateway_id = gateway ?? (await dataPlane(company));
  const agent_id = await activeAgent(company, { system_prompt: "Answer in one word.", ...more });
  return { gateway_id, agent_id, ...(await deployed(company, { agent_id, gateway_id })) };
}

export async function deployed(company: Company, body: { agent_id: string; gateway_id: string; version?: number }) {
  const { id } = await did(company, "POST", "/deployments", { drain_seconds: 0, ...body });
  const deployment = await deploymentBecomes(company, id, "active");
  const endpoint = await did(company, "GET", `/deployments/${id}/endpoint`);
  const { id: key_id, key } = await did(company, "POST", `/deployments/${id}/endpoint/keys`, { name: unique("Key") });
  return { deployment, endpoint, key_id, key };
}

/** Asks an endpoint as a program would. */
export async function ask(url: string, key: string | undefined, body?: unknown, more: RequestInit = {}) {
  const { headers, ...rest } = more;
  const answer = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...rest,
  });
  const text = await answer.text();
  const is_json = /json/.test(answer.headers.get("content-type") ?? "");
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: (is_json ? JSON.parse(text) : undefined) as Body,
  };
}
