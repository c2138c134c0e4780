import * as z from "zod";
import { principalKey } from "../../../shared/access/principal.ts";
import { operation } from "../../../shared/http/operation.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { nameSchema, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { agentPath } from "../model.ts";
import { agentOfPart, agentResource } from "../resources.ts";
import { threadSchema, turnSchema } from "./model.ts";
import { type StoredThread, threadItem } from "./store.ts";

const path = agentPath.extend({ thread_id: idSchema("thread") });

/** A thread is found by whoever it belongs to, with the agent that it is held with. */
const threadResource = defineResource({
  type: "agent",
  path: ["agent_id", "thread_id"],
  subject: agentOfPart,
  async read({ table, path, caller }): Promise<StoredThread | undefined> {
    const thread = await table.get(threadItem, { id: path.thread_id });
    const own = thread?.agent_id === path.agent_id && thread.owner_key === principalKey(caller.principal);
    return own ? thread : undefined;
  },
});

export const threadOperations = {
  createThread: operation({
    id: "agents.create_thread",
    method: "POST",
    path: "/agents/{agent_id}/threads",
    summary: "Begin a conversation with an agent",
    description:
      "Messages are sent by execute with the thread's id; each is kept with its answer for as long as the organization has set (`retention.thread_days`), and the agent is given the newest of them. What its model has no room for falls out of the prompt, oldest turns first, which the answer says. A thread is its maker's own, and goes with their membership.",
    permission: "agents:execute",
    resource: agentResource,
    request: { path: agentPath, body: z.strictObject({ title: nameSchema.optional() }) },
    response: threadSchema,
    success: 201,
    errors: ["conflict"],
  }),
  listThreads: operation({
    id: "agents.list_threads",
    method: "GET",
    path: "/agents/{agent_id}/threads",
    summary: "List your conversations with an agent, newest first",
    permission: "agents:execute",
    resource: agentResource,
    request: { path: agentPath, query: z.strictObject(pageQuery) },
    response: pageOf(threadSchema),
    success: 200,
    errors: [],
  }),
  getThread: operation({
    id: "agents.get_thread",
    method: "GET",
    path: "/agents/{agent_id}/threads/{thread_id}",
    summary: "Read a conversation without its turns",
    permission: "agents:execute",
    resource: threadResource,
    request: { path },
    response: threadSchema,
    success: 200,
    errors: [],
  }),
  listTurns: operation({
    id: "agents.list_thread_turns",
    method: "GET",
    path: "/agents/{agent_id}/threads/{thread_id}/turns",
    summary: "Read the turns of a conversation, newest first",
    permission: "agents:execute",
    resource: threadResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(turnSchema),
    success: 200,
    errors: [],
  }),
  removeThread: operation({
    id: "agents.delete_thread",
    method: "DELETE",
    path: "/agents/{agent_id}/threads/{thread_id}",
    summary: "Delete a conversation",
    description: "It is gone at once; its texts are erased within minutes. An answer that is being made is not kept.",
    permission: "agents:execute",
    resource: threadResource,
    request: { path },
    response: "none",
    success: 204,
    errors: [],
  }),
} as const;
