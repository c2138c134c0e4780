import type { Failure, Numbered } from "./sent.ts";

/** A bus of EventBridge, by its ARN. */
export interface BusAddress {
  readonly arn: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
}

const FORM =
  /^arn:(?:aws|aws-cn|aws-us-gov):events:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):event-bus\/([A-Za-z0-9._/-]{1,256})$/;

/** Undefined for what is not the ARN of a bus. */
export function busAddress(arn: string): BusAddress | undefined {
  const [, region, account, name] = FORM.exec(arn) ?? [];
  return region === undefined || account === undefined || name === undefined
    ? undefined
    : { arn, region, account, name };
}

/** With what the name of a bus begins that stands in the account of the deployment and is meant for this. */
export const OWN_BUS_PREFIX = "audit-streams-";

/**
 * What is wrong with a bus as a destination. The deployment's account has buses on which others rely: on ours, whoever can put an
 * event can make it do things. There only buses that are named for it are written to.
 * @param own a bus of the deployment, by its ARN
 */
export function busProblem(arn: string, own: string): string | undefined {
  const address = busAddress(arn);
  if (address === undefined)
    return "must be the ARN of an event bus, like arn:aws:events:eu-central-1:123456789012:event-bus/security";
  if (address.account !== own.split(":")[4] || address.name.startsWith(OWN_BUS_PREFIX)) return undefined;
  return `a bus of the account of this deployment must have a name that begins with ${OWN_BUS_PREFIX}`;
}

/** The source of what an organization's streams put on a bus: a policy of the bus can ask for it. */
export const sourceOf = (organization_id: string): string => `kaizen-studio.audit/${organization_id}`;

/** An entry as a bus takes it. */
export const busEntry = ({ occurred_at, action, text }: Numbered, organization_id: string, EventBusName: string) => ({
  EventBusName,
  Source: sourceOf(organization_id),
  DetailType: action,
  Detail: text,
  Time: new Date(occurred_at),
});

/** What a bus says of one entry; without a code it was taken. */
export interface BusResult {
  readonly ErrorCode?: string | undefined;
  readonly ErrorMessage?: string | undefined;
}

/** What the bus says of an entry or of a call that no later one can change: only whoever has the bus, or changes the stream, can. */
const REFUSED: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "AccessDenied",
  "NotAuthorizedForSource",
  "NotAuthorizedForDetailType",
  "ResourceNotFoundException",
  "InvalidAccountIdException",
  "InvalidArgument",
  "MalformedDetail",
  "ValidationException",
]);

/** Why a bus did not take an entry. Its own words name roles and accounts of the deployment: they are not passed on. */
export const busFailure = (code: string): Failure => ({
  code: `bus_${code}`,
  message: REFUSED.has(code)
    ? `The bus does not take entries from us (${code}). Its policy has to allow events:PutEvents to this deployment's account.`
    : `The bus cannot take entries for now (${code}).`,
  status: null,
  answer: null,
  kind: REFUSED.has(code) ? "refused" : "passes",
});
