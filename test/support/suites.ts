import { type Company, eventually, unique } from "./api.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
type Body = any;

/** Does a request that has to succeed. */
export async function did(company: Company, method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await company.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** A suite of a pipeline or an agent, by its id. */
export const suiteOf = (company: Company, target_id: string): Promise<Body> =>
  did(company, "POST", `/${target_id.startsWith("pip_") ? "pipelines" : "agents"}/${target_id}/suites`, {
    name: unique("Suite"),
  });

export const caseOf = (company: Company, suite_id: string, more: object = {}): Promise<Body> =>
  did(company, "POST", `/suites/${suite_id}/cases`, {
    name: unique("Case"),
    input: {},
    assertions: [{ kind: "status", status: "completed" }],
    ...more,
  });

/** The job, when it is over. */
export const jobEnded = (company: Company, id: string, seconds = 90): Promise<Body> =>
  eventually(
    async () => {
      const { body } = await company.call("GET", `/suite-runs/${id}`);
      return body.status === "running" || body.running > 0 ? undefined : body;
    },
    `job ${id} ends`,
    seconds,
  );

export const resultsOf = async (company: Company, id: string): Promise<Body[]> =>
  (await did(company, "GET", `/suite-runs/${id}/results?limit=100`)).items;
