import * as z from "zod";
import { environmentSchema, nameSchema, timestampSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { endpointSettings, MOST_KEYS } from "../../serving/public.ts";

/** A key of an endpoint; of its secret, a hash. */
const keySchema = z.object({
  id: idSchema("deployment_key"),
  name: nameSchema,
  hash: z.string(),
  created_by: z.string(),
  created_at: timestampSchema,
  expires_at: timestampSchema.nullable().meta({ description: "From then on it is refused; null: it has no end." }),
  /** Set when it was withdrawn, until the data plane has been told. */
  revoked_at: timestampSchema.nullable(),
});
export type EndpointKey = z.output<typeof keySchema>;

/** What is stored of an endpoint: where a thing is asked on a gateway, whichever of its deployments answers. */
export const storedEndpointSchema = endpointSettings.extend({
  organization_id: z.string(),
  gateway_id: idSchema("gateway"),
  target_id: z.string(),
  name: nameSchema,
  environment: environmentSchema,
  /** Which deployment answers. */
  serves_id: idSchema("deployment").nullable(),
  keys: z.array(keySchema).max(MOST_KEYS),
  /** Counts the changes that the data plane has to know of, and up to which one it has been told. */
  revision: z.int().min(1),
  told_revision: z.int().min(0),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  etag: z.string(),
});
export type StoredEndpoint = z.output<typeof storedEndpointSchema>;

const origins = z
  .array(
    z
      .string()
      .max(300)
      .refine(
        (text) => URL.parse(text)?.origin === text && /^https?:/.test(text),
        "must be an origin such as https://www.example.com",
      ),
  )
  .max(20)
  .meta({
    description: "Origins whose pages may ask it from a browser; programs that are no pages have none and always may.",
    example: ["https://www.example.com"],
  });
const perMinute = z
  .int()
  .min(1)
  .max(100_000)
  .meta({ description: "Calls a minute, of all keys together.", example: 600 });
const channel = (description: string) => z.boolean().meta({ description });
const restChannel = channel("`POST {url}/invoke`: whole answers, or server-sent events.");
const openaiChannel = channel("What clients of OpenAI's chat completions speak: `openai_base_url` is their base URL.");

export const keyView = keySchema
  .omit({ hash: true, revoked_at: true })
  .meta({ id: "DeploymentKey", description: "A key by which programs ask what is deployed." });

export const endpointView = z
  .object({
    url: z.string().meta({
      description: "Where it is asked.",
      example: "https://example.lambda-url.eu-central-1.on.aws/v1/agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    }),
    openai_base_url: z.string().meta({ example: "https://example.lambda-url.eu-central-1.on.aws/v1" }),
    model: z.string().meta({
      description: "By which clients of OpenAI's protocol name it.",
      example: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    }),
    gateway_id: idSchema("gateway"),
    agent_id: idSchema("agent"),
    serves_id: idSchema("deployment")
      .nullable()
      .meta({ description: "The deployment that answers; null where none does." }),
    channels: z.object({ rest: restChannel, openai: openaiChannel }).meta({ id: "DeploymentChannels" }),
    allowed_origins: origins,
    requests_per_minute: perMinute,
    keys: z.array(keyView),
    in_sync: z
      .boolean()
      .meta({ description: "Whether the data plane has been told of the last change. It is told again until it has." }),
    command: z.string().meta({ description: "Asks it from a shell.", example: "curl …" }),
    updated_at: timestampSchema,
  })
  .meta({
    id: "DeploymentEndpoint",
    description: "Where an agent is asked on the built-in data plane, whichever of its deployments answers.",
  });

export const changedEndpoint = z.strictObject({
  channels: z.strictObject({ rest: restChannel.optional(), openai: openaiChannel.optional() }).optional(),
  allowed_origins: origins.optional(),
  requests_per_minute: perMinute.optional(),
});

export const newKey = z.strictObject({
  name: nameSchema,
  expires_at: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: "Left out: it has no end.", example: "2027-01-01T00:00:00Z" }),
});

export const madeKey = keyView
  .extend({ key: z.string().meta({ description: "Shown once.", example: "ks_serve_…" }) })
  .meta({ id: "NewDeploymentKey", description: "A new key with its text, which is not kept." });

/** What an endpoint allows unless somebody says otherwise. */
export const DEFAULTS = {
  channels: { rest: true, openai: true },
  allowed_origins: [],
  requests_per_minute: 600,
} as const;
