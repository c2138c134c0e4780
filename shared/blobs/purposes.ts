/*
 * Files lie by what they are there for, then by tenant and thing: lifecycle rules, grants and deletions name the
 * beginning of their names. This is the one place that says how they begin.
 */

/**
 * What files are there for.
 * - `uploads`: sent by clients, until their content is taken over
 * - `runs`: inputs and outputs of a run and its steps, as long as the run is kept
 * - `threads`: long messages and answers of a conversation with an agent, as long as it is kept
 * - `versions`: texts of agents and graphs of pipelines by their content, as long as the agent or pipeline is there
 */
export const filePurposes = ["uploads", "runs", "threads", "versions"] as const;
export type FilePurpose = (typeof filePurposes)[number];

/** Where the files of one thing lie: the beginning of their names, up to and with the last slash. */
export type FilePlace = `${FilePurpose}/${string}/`;

/** So long an address works by which somebody fetches what is too large for an answer. */
export const DOWNLOAD_SECONDS = 300;

/** How the names of all files for one purpose begin. */
export const filesFor = (purpose: FilePurpose): `${FilePurpose}/` => `${purpose}/`;

/** An upload whose content is not taken over within this is gone; its address works for an hour at most. */
const UPLOAD_DAYS = 1;

/**
 * For how many days runs, and conversations, may be kept. Their files stand under the number that they started with, so
 * that one rule ends them; a number that was ever used stays here.
 */
export const runDays = [7, 30, 90, 400] as const;
export type RunDays = (typeof runDays)[number];

/** What the bucket deletes by itself: files whose names begin so, this many days after they were written. */
export const lifetimes: readonly { readonly prefix: string; readonly days: number }[] = [
  { prefix: filesFor("uploads"), days: UPLOAD_DAYS },
  ...runDays.map((days) => ({ prefix: `${filesFor("runs")}${days}/`, days })),
  ...runDays.map((days) => ({ prefix: `${filesFor("threads")}${days}/`, days })),
];

/** An upload is one file: the last part of its name tells it from the same thing's other ones. */
export const uploadKey = (tenant: string, thing: string, name: string): string => `uploads/${tenant}/${thing}/${name}`;

/** @param run with the days for which it is kept, as they were when it started */
export const runFiles = (tenant: string, run: { readonly id: string; readonly kept_days: RunDays }): FilePlace =>
  `runs/${run.kept_days}/${tenant}/${run.id}/`;

/** Every place where files of a run may lie, however long it was to be kept. */
export const placesOfRun = (tenant: string, id: string): FilePlace[] =>
  runDays.map((kept_days) => runFiles(tenant, { id, kept_days }));

/** @param thread with the days for which each of its turns is kept, as they were when it began */
export const threadFiles = (tenant: string, thread: { readonly id: string; readonly kept_days: RunDays }): FilePlace =>
  `threads/${thread.kept_days}/${tenant}/${thread.id}/`;

/** Every place where files of a conversation may lie, however long it was to be kept. */
export const placesOfThread = (tenant: string, id: string): FilePlace[] =>
  runDays.map((kept_days) => threadFiles(tenant, { id, kept_days }));

/** Every place where files of a tenant may lie, in the order of files' names: who counts them goes on after the last one. */
export const placesOfTenant = (tenant: string): FilePlace[] => {
  const places: FilePlace[] = [
    `uploads/${tenant}/`,
    ...runDays.flatMap((days): FilePlace[] => [`runs/${days}/${tenant}/`, `threads/${days}/${tenant}/`]),
    `versions/${tenant}/`,
  ];
  return places.sort();
};

/** The contents of one agent or pipeline. Each has its own, so that whoever deletes it deletes no other's. */
export const versionFiles = (tenant: string, thing: string): FilePlace => `versions/${tenant}/${thing}/`;
