import * as z from "zod";
import { nameSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";

/**
 * How long a conversation becomes at most: a turn is a message and its answer. By the bytes, all of a thread's texts fit into
 * one answer of the API. So many of the newest turns are read for a prompt.
 */
export const threadLimits = { turns: 500, bytes: 2_000_000, remembered: 50 } as const;

/** Whether nothing more is kept in a thread. */
export const isFull = ({ turns, bytes }: { readonly turns: number; readonly bytes: number }): boolean =>
  turns >= threadLimits.turns || bytes >= threadLimits.bytes;

export const threadSchema = z
  .object({
    id: idSchema("thread"),
    agent_id: idSchema("agent"),
    title: nameSchema.nullable(),
    turns: z.int().meta({ description: `Messages with their answers that were kept; ${threadLimits.turns} at most.` }),
    bytes: z.int().meta({ description: `Size of their texts; from ${threadLimits.bytes} on nothing more is kept.` }),
    last_turn_at: z.string().nullable(),
    created_at: z.string(),
    expires_at: z.string().meta({ description: "When the thread ends, unless it goes on before." }),
  })
  .meta({ id: "AgentThread", description: "A conversation of one person with an agent. Nobody else sees it." });

export const turnSchema = z
  .object({
    number: z.int().meta({ description: "From 1 on, in the order of the conversation." }),
    message: z.string(),
    answer: z.string().meta({ example: "Hello, Ada!" }),
    execution_id: idSchema("execution"),
    version: z.int().nullable().meta({ description: "Of the agent that answered; null for the working copy." }),
    model: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: "AgentThreadTurn", description: "A message with its answer." });
