import * as z from "zod";

// Apart from the model, for whoever knows the events of all rooms and nothing else of streams.

export const destinationKind = z.enum(["splunk_hec", "https", "event_bus"]).meta({ id: "AuditStreamKind" });

export const stoppedReason = z.enum(["failing_too_long", "refused", "gone"]).meta({ id: "AuditStreamStoppedReason" });
