import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What numbering entries writes: their places, the head, and that somebody looks after them later. */
const NUMBERING = ["audit_head", "audit_leaf", "audit_number", "audit_tree", "due"] as const;

/** What the erasure of a person sets of an entry: the parts, the keys by which they are found, and what stands for them. */
const ERASING = [
  "actor",
  "actor_key",
  "changes",
  "erased",
  "gsi1pk",
  "gsi1sk",
  "gsi2pk",
  "gsi2sk",
  "reason",
  "request",
  "resource",
  "resource_key",
  "salts",
] as const;

/** What sending entries to where a customer wants them takes. */
const SENDING = ["open:audit_stream_secrets", "outbound", "customers_buses"] as const;
const DELIVERING_SECONDS = 60;

/** Who did what, when, from where and with which outcome: to search, to take along as a file, and to prove. */
export const room = defineRoom({
  name: "audit",
  area: "evidence",
  functions: {
    api: apiFunction(["table_read", "heads_key"], {
      writes: ["audit_person_erasure", "due", "legal_hold", "legal_holds"],
    }),
    stream: {
      trigger: { kind: "stream" },
      needs: ["table_read", "heads_key", "copies_read", "open:audit_persons"],
      writes: ["lease_count"],
      timeout_seconds: 900,
      memory_mb: 512,
      reserved_concurrency: 10,
    },
    /** Gives entries their numbers, and signs the heads of their trees. */
    sequencer: {
      // Entries of some seconds together: a head, and what it costs to sign, is for all of them.
      trigger: { kind: "inserts", of: "audit_entry", window_seconds: 5 },
      needs: ["table_read", "sign_heads", "send:audit_streams"],
      writes: NUMBERING,
      batch_size: 200,
      timeout_seconds: 60,
      memory_mb: 512,
    },
    /** Tells of new heads, numbers what the sequencer has missed, and takes persons out of entries. */
    upkeep: {
      trigger: {
        kind: "due",
        kinds: ["audit_telling", "audit_check", "audit_person_erasure"],
        queue: "audit_upkeeps",
        suspended: "goes_on",
      },
      needs: ["table_read", "sign_heads"],
      writes: [...NUMBERING, ...CHANGE_WRITES, "audit_check", "audit_person_erasure", "audit_person_key"],
      touches: ERASING.map((attribute) => `audit_entry.${attribute}`),
      timeout_seconds: 120,
      memory_mb: 512,
    },
    /** Writes what was logged into locked files, and holds them as legal holds say. */
    copies: {
      trigger: {
        kind: "due",
        kinds: ["audit_copying", "audit_holding"],
        queue: "audit_copies",
        suspended: "goes_on",
      },
      needs: ["table_read", "heads_key", "copies_write", "seal:audit_persons", "open:audit_persons"],
      writes: ["audit_copied", "audit_copy", "audit_person_key", "due", "event", "legal_holds"],
      touches: ["audit_tree.copying"],
      timeout_seconds: 300,
      memory_mb: 1_024,
      batch_size: 1,
      max_concurrency: 10,
    },
    /** Where the log is sent as it grows: what people set of it, and one entry for trying it. */
    streams: apiFunction(["table_read", ...ANSWERS, ...SENDING, "seal:audit_stream_secrets"], {
      writes: ["audit_stream", "audit_stream_place", "due", "quota"],
    }),
    /** Hints at an organization's streams when its log has grown, or when they have changed. */
    stream_wake: {
      trigger: {
        kind: "events",
        types: [
          "audit.head_signed",
          "audit_stream.created",
          "audit_stream.started",
          "audit_stream.updated",
          "organization.restored",
        ],
        suspended: "goes_on",
      },
      needs: ["table_read", "send:audit_streams"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    /** Sends entries, of one stream at a time. */
    stream_deliver: {
      trigger: { kind: "due", kinds: ["audit_stream"], queue: "audit_streams", suspended: "waits" },
      needs: ["table_read", ...SENDING, "send:audit_streams"],
      writes: [...CHANGE_WRITES, "audit_stream", "audit_stream_place", "due"],
      timeout_seconds: DELIVERING_SECONDS,
      memory_mb: 512,
      // A message has the function for itself: a slow collector holds up no other stream.
      batch_size: 1,
      // Of one organization five streams at most: it cannot take all of it.
      max_concurrency: 20,
    },
    stream_notice: {
      trigger: { kind: "events", types: ["audit_stream.stopped"], suspended: "goes_on" },
      needs: ["table_read", "mail"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
  queues: {
    audit_copies: { visibility_seconds: visibilitySeconds(300), max_receives: MAX_RECEIVES },
    audit_upkeeps: { visibility_seconds: visibilitySeconds(120), max_receives: MAX_RECEIVES },
    audit_streams: { visibility_seconds: visibilitySeconds(DELIVERING_SECONDS), max_receives: MAX_RECEIVES },
  },
});
