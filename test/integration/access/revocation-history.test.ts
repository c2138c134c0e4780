import { beforeAll, describe, expect, it } from "vitest";
import { Problem } from "../../../shared/errors.ts";
import { API_BASE } from "../../../shared/http/operation.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { accessTo, newOperator } from "../../support/operators.ts";
import { describeTo, directoryOf, patchOf } from "../../support/scim.ts";
import { stackPlatform } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";

/** Function instances that answer at the same time, each with what it remembers. */
const INSTANCES = 6;
/** Requests that one subject has under way at the same time. */
const PARALLEL = 8;
/** Requests of one subject before its revocation is asked for, and after it was answered. */
const BEFORE = 130;
const AFTER = 130;

/** One request: when it began, and whether it was admitted. */
interface Answered {
  readonly began: number;
  readonly admitted: boolean;
}

interface Subject {
  readonly company: Company;
  readonly member: TestMember | Company;
  /** By which a stranger has come. */
  readonly access_id?: string;
}

const ACCESS = "an operator's access that an owner ends";

/** What takes somebody's rights away. A new kind of revocation is a row here. */
const revocations: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  "a session that is signed out": ({ member }) => member.call("POST", "/auth/logout", {}),
  "a user who has changed the password elsewhere": async ({ member: { email, password } }) => {
    const login = await call("POST", "/auth/login", { body: { email, password } });
    const body = { current_password: password, new_password: `${unique("another")} password` };
    return call("POST", "/auth/me/password", { token: login.body.tokens.access_token, body });
  },
  "a user whom an administrator signs out": ({ company, member }) =>
    company.call("POST", `/auth/users/${member.user_id}/sign-out`),
  "a member who is suspended": ({ company, member }) => company.call("POST", `/users/${member.user_id}/suspend`),
  "a member whom the company's directory deactivates": async ({ company, member: { user_id } }) => {
    const directory = await directoryOf(company);
    await describeTo(company, directory, { user_id });
    const off = patchOf({ op: "replace", path: "active", value: false });
    expect((await directory.call("PATCH", `/Users/${user_id}`, off)).status).toBe(200);
  },
  "a member who is removed": ({ company, member }) => company.call("DELETE", `/users/${member.user_id}`),
  "an organization that is suspended": ({ company }) => stand(company.organization_id, "suspend"),
  [ACCESS]: ({ company, access_id }) => company.call("POST", `/operator-accesses/${access_id}/revoke`),
  "an organization that is deleted": ({ company }) => stand(company.organization_id, "delete"),
};

let platforms: ReturnType<typeof stackPlatform>[];
beforeAll(() => {
  platforms = Array.from({ length: INSTANCES }, () => stackPlatform());
});

/** Asks one of the instances, as a request does before anything else; refused or not, it is an answer. */
async function ask({ member, company, access_id }: Subject, i: number): Promise<Answered> {
  const headers = {
    authorization: `Bearer ${member.token}`,
    ...(access_id === undefined ? {} : { "organization-id": company.organization_id }),
  };
  const request = { method: "GET", path: `${API_BASE}/agents`, query: "", headers, body: undefined, ip: "127.0.0.1" };
  const began = performance.now();
  try {
    const { rights } = (await platforms[i % INSTANCES]?.authenticate(request, new Date())) ?? {};
    return { began, admitted: !(rights instanceof Problem) };
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return { began, admitted: false };
    throw error;
  }
}

/** The history of one subject, whose rights are taken away in the midst of its requests. */
async function history(subject: Subject, revoke: (subject: Subject) => Promise<unknown>) {
  const answers: Answered[] = [];
  let left = BEFORE;
  let after = Number.POSITIVE_INFINITY;
  let answered = Number.POSITIVE_INFINITY;
  let revoking: Promise<void> | undefined;
  const begin = async () => {
    await revoke(subject);
    answered = performance.now();
    after = AFTER;
  };
  const worker = async (i: number) => {
    while (after > 0) {
      after--;
      if (--left === 0) revoking = begin();
      answers.push(await ask(subject, i + answers.length));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, (_, i) => worker(i)));
  await revoking;
  return { answers, answered };
}

describe("no request that began after a revocation was answered is admitted:", () => {
  it.each(Object.entries(revocations))("%s", async (what, revoke) => {
    const subjects = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const company = await registerCompany();
        if (what !== ACCESS) return { company, member: await addMember(company, "developer") };
        const [member, approver] = await Promise.all([newOperator(), newOperator()]);
        const { id } = await accessTo(company, member, approver);
        return { company, member, access_id: id };
      }),
    );
    const histories = await Promise.all(subjects.map((subject) => history(subject, revoke)));
    for (const { answers, answered } of histories) {
      expect(answers.slice(0, BEFORE / 2).every(({ admitted }) => admitted)).toBe(true);
      expect(answers.filter(({ began, admitted }) => admitted && began > answered)).toEqual([]);
      expect(answers.filter(({ began }) => began > answered).length).toBeGreaterThan(AFTER / 2);
    }
    const all = histories.reduce((sum, { answers }) => sum + answers.length, 0);
    expect(all).toBeGreaterThan(6 * (BEFORE + AFTER) - 1);
  });
});
