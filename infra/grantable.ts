import type { PlatformProvider } from "../shared/identity/platform-providers.ts";

/** What the management plane has of the built-in data plane: a way in, a key to seal with, and where it serves. */
export interface DataPlaneAccess {
  readonly functionArn: string;
  readonly keyArn: string;
  readonly url: string;
}

/** Names and ARNs of what functions may be granted. */
export interface Resources {
  readonly tableArn: string;
  readonly tableName: string;
  /** Whether the cloud knows conditions on keys of the table and on encryption contexts; the local AWS does not. */
  readonly keyConditions: boolean;
  /** Of the table's indexes those that it has. */
  readonly indexes: readonly string[];
  readonly bucketArn: string;
  readonly bucketName: string;
  /** Locked copies of the audit log, and how they are locked. */
  readonly copies: { readonly arn: string; readonly name: string; readonly lock: "GOVERNANCE" | "COMPLIANCE" };
  readonly keyArn: string;
  /** The key that signs proofs. */
  readonly proofKeyArn: string;
  /** The key that signs heads of the tree of audit entries. */
  readonly headsKeyArn: string;
  /** The key that signs what is deployed to the built-in data plane. */
  readonly deploymentsKeyArn: string;
  /** The built-in data plane, for whoever deploys to it; it has none itself. */
  readonly dataPlane: DataPlaneAccess | undefined;
  /** The customer's key for all that is kept, where the deployment has one. */
  readonly dataKey: { readonly arn: string; readonly region: string } | undefined;
  readonly userPoolArn: string;
  /** The pool's domain; a laptop has none. */
  readonly poolUrl: string | undefined;
  /** The pool's app clients of the providers through which everybody may sign in. */
  readonly providerClients: Readonly<Partial<Record<PlatformProvider, string>>>;
  /** The registration at Microsoft, by what names it. */
  readonly microsoftRegistration: string | undefined;
  readonly busArn: string;
  readonly busName: string;
  /** Buses that customers may name: those of other accounts, and those of this one that are named for it. */
  readonly customersBuses: { readonly others: string; readonly own: string; readonly account: string };
  readonly machineArn: string;
  readonly machineExecutionsArn: string;
  /** The identity that sends, and the configuration set that it sends under: SES asks for both. */
  readonly mailArns: readonly string[];
  readonly mailSet: string | undefined;
  readonly mailFrom: string;
  readonly appUrl: string;
  readonly modelArns: readonly string[];
  readonly guardrailArns: readonly string[];
  readonly modelActions: readonly string[];
  readonly queues: Readonly<Record<string, { readonly arn: string; readonly url: string }>>;
  /** What sending a batch of messages takes. */
  readonly batchActions: readonly string[];
  /** The queue of each kind of due things. */
  readonly due: Readonly<Record<string, { readonly arn: string; readonly name: string }>>;
  /** What the address of a queue of this deployment begins with; its name follows. */
  readonly queueBase: string;
  readonly dnsServers: readonly string[];
  readonly outbound: { readonly allow_http: boolean; readonly allow_hosts: readonly string[] };
}
