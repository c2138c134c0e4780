import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import {
  decimalInteger,
  descriptionSchema,
  metadataSchema,
  nameSchema,
  pageOf,
  pageQuery,
} from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { eventTypes } from "../events.ts";
import { labelsSchema, MAX_TIMEOUT_SECONDS, runView } from "../runs/model.ts";
import { budgetInput } from "../usage/runs/public.ts";
import {
  firingSchema,
  inputSchema,
  missedSchema,
  overlapSchema,
  scheduleSummary,
  scheduleView,
  triggerSchema,
} from "./model.ts";
import { scheduled, scheduledIn, scheduleResource } from "./store.ts";

const path = z.object({ schedule_id: idSchema("schedule") });

/** What a schedule tells of itself starts none, or each would hear of itself. */
const OWN = "schedule.";

const trigger = triggerSchema.superRefine((value, context) => {
  if (value.kind !== "event") return;
  value.events.forEach((type, i) => {
    if (eventTypes.includes(type) && !type.startsWith(OWN)) return;
    const message = type.startsWith(OWN)
      ? "is told by schedules, which start none"
      : "is not an event type; GET /webhooks/events lists them";
    context.addIssue({ code: "custom", message, path: ["events", i], input: type });
  });
});

const timeout = z.int().min(1).max(MAX_TIMEOUT_SECONDS).nullable().meta({
  description: "As when a run is started; null for the usual time of its pipeline.",
});

const occurrences = z
  .object({
    items: z.array(
      z.object({
        at: z.string(),
        local: z.string().meta({ example: "2026-03-29T03:00:00+02:00" }),
      }),
    ),
  })
  .meta({ id: "ScheduleOccurrences", description: "When a schedule comes next, by UTC and by the clock of its zone." });

export const operations = {
  create: operation({
    id: "schedules.create",
    method: "POST",
    path: "/schedules",
    summary: "Start runs of a pipeline by a cron expression, once, or by events",
    description:
      "Each run uses what is active then and acts for the schedule's owner, by the rights that the owner has then. What cannot be started is recorded with the reason; after ten failures in a row the schedule pauses itself.",
    permission: "pipelines:execute",
    resource: { type: "schedule", create: true, target: scheduled },
    request: {
      body: z.strictObject({
        name: nameSchema,
        description: descriptionSchema.default(""),
        pipeline_id: idSchema("pipeline"),
        trigger,
        input: inputSchema.default({}),
        metadata: metadataSchema.default({}),
        labels: labelsSchema.default([]),
        timeout_seconds: timeout.default(null),
        budget: budgetInput.nullable().default(null),
        missed: missedSchema.default("run_once"),
        overlap: overlapSchema.default("allow"),
      }),
    },
    response: scheduleView,
    success: 201,
    errors: ["quota_exceeded", "conflict"],
  }),
  list: operation({
    id: "schedules.list",
    method: "GET",
    path: "/schedules",
    summary: "List schedules",
    permission: "pipelines:read",
    resource: { type: "schedule", list: true, targets: scheduledIn },
    request: { query: z.strictObject({ ...pageQuery, pipeline_id: idSchema("pipeline").optional() }) },
    response: pageOf(scheduleSummary),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "schedules.get",
    method: "GET",
    path: "/schedules/{schedule_id}",
    summary: "Read a schedule",
    permission: "pipelines:read",
    resource: scheduleResource,
    request: { path },
    response: scheduleView,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "schedules.update",
    method: "PATCH",
    path: "/schedules/{schedule_id}",
    summary: "Change a schedule",
    description: "Whoever changes it owns it from then on: its runs act for them.",
    permission: "pipelines:execute",
    resource: scheduleResource,
    request: {
      path,
      body: z.strictObject({
        name: nameSchema.optional(),
        description: descriptionSchema.optional(),
        trigger: trigger.optional(),
        input: inputSchema.optional(),
        metadata: metadataSchema.optional(),
        labels: labelsSchema.optional(),
        timeout_seconds: timeout.optional(),
        budget: budgetInput.nullable().optional(),
        missed: missedSchema.optional(),
        overlap: overlapSchema.optional(),
      }),
    },
    response: scheduleView,
    success: 200,
    errors: ["precondition_failed", "conflict"],
  }),
  remove: operation({
    id: "schedules.delete",
    method: "DELETE",
    path: "/schedules/{schedule_id}",
    summary: "Delete a schedule",
    description: "The runs that it started stay.",
    permission: "pipelines:execute",
    resource: scheduleResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["precondition_failed", "conflict"],
  }),
  pause: operation({
    id: "schedules.pause",
    method: "POST",
    path: "/schedules/{schedule_id}/pause",
    summary: "Start no runs for the time being",
    permission: "pipelines:execute",
    resource: scheduleResource,
    request: { path },
    response: scheduleView,
    success: 200,
    errors: ["conflict"],
  }),
  resume: operation({
    id: "schedules.resume",
    method: "POST",
    path: "/schedules/{schedule_id}/resume",
    summary: "Start runs again",
    description: "From now on: what came while it was paused is left out. Whoever resumes it owns it from then on.",
    permission: "pipelines:execute",
    resource: scheduleResource,
    request: { path },
    response: scheduleView,
    success: 200,
    errors: ["conflict"],
  }),
  run: operation({
    id: "schedules.run",
    method: "POST",
    path: "/schedules/{schedule_id}/run",
    summary: "Start a run of a schedule now",
    description: "Also while it is paused, and whatever still goes on. The run acts for whoever asks for it.",
    permission: "pipelines:execute",
    resource: scheduleResource,
    request: { path },
    response: runView,
    success: 202,
    continues_trace: true,
    errors: ["conflict", "graph_invalid", "quota_exceeded"],
    location: "/runs/{id}",
  }),
  occurrences: operation({
    id: "schedules.occurrences",
    method: "GET",
    path: "/schedules/{schedule_id}/occurrences",
    summary: "The next times of a schedule",
    description: "As its trigger says, whether it is paused or not. None where events start it.",
    permission: "pipelines:read",
    resource: scheduleResource,
    request: { path, query: z.strictObject({ count: decimalInteger({ min: 1, max: 100 }).default(10) }) },
    response: occurrences,
    success: 200,
    errors: [],
  }),
  listFirings: operation({
    id: "schedules.list_firings",
    method: "GET",
    path: "/schedules/{schedule_id}/firings",
    summary: "List what became of the occurrences of a schedule, newest first",
    description: "Each with the run that it started, or why it started none. Kept for 90 days.",
    permission: "pipelines:read",
    resource: scheduleResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(firingSchema),
    success: 200,
    errors: [],
  }),
} as const;
