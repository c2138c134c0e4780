import {
  API_TIMEOUT_SECONDS,
  apiFunction,
  CHANGE_WRITES,
  defineRoom,
  MAX_RECEIVES,
  visibilitySeconds,
} from "../../shared/room.ts";

/** Which mail domains are an organization's own, and who joins by an address of one. */
export const room = defineRoom({
  name: "domains",
  area: "people",
  functions: {
    api: apiFunction(["table_read", "seal:domain_proofs", "dns"], {
      writes: ["claimed_domain", "domain", "domain_mails", "domain_owner", "due", "quota"],
    }),
    mail: {
      trigger: {
        kind: "events",
        types: ["domain.verification_mail_requested", "domain.proof_lost", "domain.verified", "domain.removed"],
        suspended: "goes_on",
      },
      needs: ["table_read", "open:domain_proofs", "mail"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    /** A proof that is lost while the organization is suspended is lost all the same. */
    checks: {
      trigger: { kind: "due", kinds: ["domain_check"], queue: "domain_checks", suspended: "goes_on" },
      needs: ["table_read", "dns"],
      writes: [...CHANGE_WRITES, "domain", "domain_owner", "due"],
      timeout_seconds: API_TIMEOUT_SECONDS,
      memory_mb: 256,
    },
  },
  queues: { domain_checks: { visibility_seconds: visibilitySeconds(API_TIMEOUT_SECONDS), max_receives: MAX_RECEIVES } },
});
