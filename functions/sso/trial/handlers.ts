import { userIdOf } from "../../../shared/access/caller.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { type AskDeps, ask } from "../asked/ask.ts";
import { connectionStates } from "../model.ts";
import type { trialOperations } from "./operations.ts";

type Ops = typeof trialOperations;

/** Whoever asks, in which session. @throws Problem `not_found` for who is no person */
function askerOf({ caller, session_id }: Pick<Call<Ops["askTrial"]>, "caller" | "session_id">) {
  const user_id = userIdOf(caller.principal);
  if (user_id === undefined || session_id === undefined) throw notFound();
  return { user_id, session_id };
}

export const askTrial: Handler<Ops["askTrial"], AskDeps> = async (call, deps) => {
  const connection = await call.load();
  if (connection.status !== "active" && connection.status !== "inactive")
    throw connectionStates.refusal(connection.status, ["active", "inactive"]);
  const asked_by = askerOf(call);
  const { write, answer } = ask(
    deps,
    { organization_id: connection.organization_id, connection_id: connection.id },
    { purpose: "trial", app: null, asked_by },
    call,
  );
  return call.answer([write], answer);
};

export const getTrial: Handler<Ops["getTrial"], AskDeps> = async (call) => {
  const { id, asked_by, trial, expires_at } = await call.load();
  if (asked_by?.session_id !== call.session_id || Date.parse(expires_at) <= call.at.getTime()) throw notFound();
  return { id, status: trial === undefined ? "waiting" : "done", result: trial ?? null, expires_at };
};
