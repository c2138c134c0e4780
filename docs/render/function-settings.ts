import type * as z from "zod";
import { rooms } from "../../functions/rooms.ts";
import { readContext } from "../../infra/context.ts";
import { settingsOf } from "../../infra/function-settings.ts";
import { grant, type Resources } from "../../infra/grants.ts";
import { type Stage, stageOf } from "../../infra/stages.ts";
import { queueSetting, settings } from "../../shared/config/settings.ts";
import { type Area, answersRequests, type FunctionData } from "../../shared/room.ts";
import { code } from "./markdown.ts";

const NAME = "name";
const named = { arn: NAME, url: NAME, name: NAME };
const queues = Object.fromEntries(rooms.flatMap((room) => Object.keys(room.queues ?? {}).map((name) => [name, named])));

/** Stands for all that functions may be granted: only the names of their settings are looked at. */
const resources: Resources = {
  tableArn: NAME,
  tableName: NAME,
  indexes: [],
  keyConditions: true,
  bucketArn: NAME,
  bucketName: NAME,
  copies: { arn: NAME, name: NAME, lock: "GOVERNANCE" },
  keyArn: NAME,
  proofKeyArn: NAME,
  headsKeyArn: NAME,
  deploymentsKeyArn: NAME,
  dataPlane: { functionArn: NAME, keyArn: NAME, url: NAME },
  dataKey: undefined,
  userPoolArn: NAME,
  poolUrl: NAME,
  providerClients: { google: NAME, microsoft: NAME },
  microsoftRegistration: NAME,
  busArn: NAME,
  busName: NAME,
  customersBuses: { others: NAME, own: NAME, account: NAME },
  machineArn: NAME,
  machineExecutionsArn: NAME,
  mailArns: [],
  mailSet: "set",
  mailFrom: NAME,
  appUrl: NAME,
  modelArns: [],
  guardrailArns: [],
  modelActions: [],
  queues,
  batchActions: [],
  due: {},
  queueBase: NAME,
  dnsServers: [],
  outbound: { allow_http: false, allow_hosts: [] },
};
const values = { table: NAME, key: NAME, people: { pool: NAME, client: NAME, frontSecret: NAME } };

interface Deployed {
  readonly name: string;
  readonly area: Area;
  readonly data: FunctionData;
}

/** Names of the settings of one function, as infra writes them. */
function settingNames({ data, area }: Deployed, stage: Stage): readonly string[] {
  const known = area === "plane" ? { ...values, people: undefined } : values;
  return [
    ...Object.keys(settingsOf(data.trigger.kind, stage, known)),
    ...Object.keys(grant(data, resources).environment),
    ...(data.trigger.kind === "inserts" ? ["DEAD_LETTERS_URL"] : []),
    ...(answersRequests(data) ? ["TENANT_ROLE_ARN"] : []),
  ];
}

const functions = rooms.flatMap((room) =>
  Object.entries(room.functions).map(
    ([name, data]): Deployed => ({ name: `${room.name}/${name}`, area: room.area, data }),
  ),
);

/** In words where a kind of functions has it, else by name. */
function whoHas(setting: string, stage: Stage): string {
  const have = functions.filter((fn) => settingNames(fn, stage).includes(setting));
  const isAll = (those: (trigger: FunctionData["trigger"]["kind"], area: Area) => boolean) => {
    const all = functions.filter(({ data, area }) => those(data.trigger.kind, area));
    return have.length === all.length && all.every((one) => have.includes(one));
  };
  if (isAll(() => true)) return "all";
  if (isAll((kind) => kind !== "cognito")) return "all but the pool's";
  if (isAll((kind, area) => kind !== "cognito" && kind !== "rate" && area !== "plane"))
    return "all but the pool's, the clock's and the data plane's";
  if (isAll((kind) => kind === "api" || kind === "stream")) return "those that answer requests";
  return have.map(({ name }) => code(name)).join(", ");
}

/** A row for each setting that functions read. */
export function functionSettingRows(
  formOf: (schema: z.ZodType) => string,
  defaultOf: (schema: z.ZodType) => string,
): readonly string[][] {
  const said = { mail_from: "a@example.com", app_url: "https://example.com" };
  const stage = stageOf(readContext({ ...said, stage: "staging" }));
  const own = Object.entries(settings).map(([name, form]) => {
    const schema = form();
    const who = name.startsWith("AWS_") ? "all" : whoHas(name, stage);
    return [code(name), formOf(schema), defaultOf(schema), schema.description ?? "", who];
  });
  const addresses = Object.keys(queues).flatMap((queue) => {
    const name = queueSetting(queue);
    const who = whoHas(name, stage);
    return who === "" ? [] : [[code(name), "text", "", `The queue \`${queue}\`.`, who]];
  });
  return [...own, ...addresses];
}
