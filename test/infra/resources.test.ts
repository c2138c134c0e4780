import { describe, expect, it } from "vitest";
import { rooms } from "../../functions/rooms.ts";
import { WATCHED_ELSEWHERE } from "../../infra/constructs/room-function.ts";
import { librarySettings } from "../../infra/function-settings.ts";
import { runDays, runFiles, threadFiles, uploadKey, versionFiles } from "../../shared/blobs/purposes.ts";
import { settings } from "../../shared/config/settings.ts";
import { type Synthesized, statements, synthesize } from "./support.ts";

const production = synthesize("production");
const local = synthesize("local");
const unreserved = synthesize("production", { context: { reserve_concurrency: "false" } });

describe("functions", () => {
  it("every log group has a retention", () => {
    const groups = production.of("AWS::Logs::LogGroup");
    expect(groups.length).toBeGreaterThan(0);
    for (const { id, properties } of groups) expect(properties.RetentionInDays, id).toBeGreaterThan(0);
  });

  it("every function writes to a log group of its own", () => {
    const groups = production
      .of("AWS::Lambda::Function")
      .map(({ properties }) => production.target(properties.LoggingConfig.LogGroup).id);
    expect(new Set(groups).size).toBe(groups.length);
  });

  it("every function whose faults show nowhere else raises an alarm when it fails", () => {
    const watched = production
      .of("AWS::CloudWatch::Alarm")
      .filter(({ properties }) => properties.Namespace === "AWS/Lambda" && properties.MetricName === "Errors")
      .map(({ properties }) => production.target(properties.Dimensions[0].Value).properties.Description);
    const expected = rooms.flatMap((room) =>
      Object.entries(room.functions)
        .filter(([, { trigger }]) => !WATCHED_ELSEWHERE.has(trigger.kind))
        .map(([name]) => `${room.name}: ${name}`),
    );
    expect(watched.sort()).toEqual(expected.sort());
  });

  it("have no setting that nothing reads: those of our code are described in one place", () => {
    const queue = (name: string) => /^QUEUE_\w+_URL$/.test(name);
    for (const stack of [production, local])
      for (const { id, properties } of stack.of("AWS::Lambda::Function")) {
        const names = Object.keys(properties.Environment.Variables);
        const unknown = names.filter((name) => !(name in settings || name in librarySettings || queue(name)));
        expect(unknown, id).toEqual([]);
      }
  });

  it("their stack traces name our files and lines", () => {
    for (const { id, properties } of production.of("AWS::Lambda::Function"))
      expect(properties.Environment.Variables.NODE_OPTIONS, id).toBe("--enable-source-maps");
  });

  it("those that hold an instance for long have a bounded share of the account's concurrency, kept for them", () => {
    const holding = rooms.flatMap((room) =>
      Object.entries(room.functions).filter(([, { trigger }]) => trigger.kind === "stream" || trigger.kind === "task"),
    );
    expect(holding.length).toBeGreaterThan(0);
    for (const [name, data] of holding) expect(data.reserved_concurrency, name).toBeGreaterThan(0);
    for (const room of rooms) {
      for (const [name, { reserved_concurrency }] of Object.entries(room.functions)) {
        const reserved = (stack: Synthesized) =>
          stack.functionOf(room.name, name).properties.ReservedConcurrentExecutions;
        expect(reserved(production), `${room.name}/${name}`).toBe(reserved_concurrency);
        expect(reserved(unreserved), `${room.name}/${name}`).toBeUndefined();
      }
    }
  });

  it("all that is kept leaves most of an account's 1,000 to the API", () => {
    const kept = production
      .of("AWS::Lambda::Function")
      .map(({ properties }): number => properties.ReservedConcurrentExecutions ?? 0);
    expect(kept.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(400);
  });
});

describe("alarms", () => {
  const alarms = production.of("AWS::CloudWatch::Alarm");
  const topic = production.only("AWS::SNS::Topic");

  it("faults of API functions raise the gateway's alarm", () => {
    expect(alarms.map(({ properties }) => [properties.Namespace, properties.MetricName])).toContainEqual([
      "AWS/ApiGateway",
      "5xx",
    ]);
  });

  it("requests that no limit counts raise one, over all functions", () => {
    const { properties } = alarms.find(({ id }) => id.startsWith("UncountedRequests")) ?? {};
    expect(properties).toMatchObject({ Namespace: "KaizenStudio", MetricName: "uncounted_requests", Statistic: "Sum" });
    expect(properties).not.toHaveProperty("Dimensions");
  });

  it("each tells the deployment's one topic, which mails to the address of the deployment", () => {
    for (const { id, properties } of alarms)
      expect(
        properties.AlarmActions.map((action: unknown) => production.text(action)),
        id,
      ).toEqual([`{${topic.id}}`]);
    const [subscription, ...others] = production.of("AWS::SNS::Subscription");
    expect(others).toEqual([]);
    expect(subscription?.properties).toMatchObject({ Protocol: "email", Endpoint: "operations@example.com" });
    expect(production.target(subscription?.properties.TopicArn).id).toBe(topic.id);
  });

  it("production without somebody to tell is refused with a sentence", () => {
    const silent = () => synthesize("production", { context: { alarm_email: undefined } });
    expect(silent).toThrow(/^the stage production has to know who is told of alarms \(-c alarm_email=…\)$/);
  });

  it("the topic lets alarms of this account publish, and refuses plain http", () => {
    const [policy] = production.of("AWS::SNS::TopicPolicy");
    const found = statements(production, policy?.properties.PolicyDocument);
    expect(found.filter(({ effect }) => effect === "Allow")).toEqual([
      {
        effect: "Allow",
        principal: { Service: "cloudwatch.amazonaws.com" },
        actions: ["sns:Publish"],
        resources: [`{${topic.id}}`],
        conditions: { StringEquals: { "aws:SourceAccount": "000000000000" } },
      },
    ]);
    expect(found.filter(({ effect }) => effect === "Deny").map(({ conditions }) => conditions)).toEqual([
      { Bool: { "aws:SecureTransport": "false" } },
    ]);
  });

  it("every area has a dashboard that shows its alarms, functions and queues", () => {
    const dashboards = production.of("AWS::CloudWatch::Dashboard");
    const withRooms = [...new Set(rooms.map(({ area }) => area))];
    expect(dashboards.map(({ stack }) => stack).sort()).toEqual([...withRooms].sort());
    for (const { stack, properties } of dashboards) {
      const body = JSON.stringify(properties.DashboardBody);
      const shown = production.resources.filter((resource) => resource.stack === stack);
      const [functions, own] = ["AWS::Lambda::Function", "AWS::CloudWatch::Alarm"].map((type) =>
        shown.filter((resource) => resource.type === type && !/^(ApiFaults|UncountedRequests)/.test(resource.id)),
      );
      expect(functions?.length, stack).toBeGreaterThan(0);
      for (const { id } of [...(functions ?? []), ...(own ?? [])]) expect(body, `${stack}: ${id}`).toContain(id);
    }
  });
});

describe("queues", () => {
  const queues = production.of("AWS::SQS::Queue");
  const behindQueues = queues
    .filter(({ properties }) => properties.RedrivePolicy !== undefined)
    .map(({ properties }) => production.target(properties.RedrivePolicy.deadLetterTargetArn).id);
  const behindStreams = production
    .of("AWS::Lambda::EventSourceMapping")
    .filter(({ properties }) => properties.DestinationConfig !== undefined)
    .map(({ properties }) => production.target(properties.DestinationConfig.OnFailure.Destination).id);
  const dead = new Set([...behindQueues, ...behindStreams]);
  const working = queues.filter(({ id }) => !dead.has(id));

  it("each has a dead-letter queue of its own, which has no other", () => {
    expect(working.length).toBeGreaterThan(0);
    expect(new Set(behindQueues).size).toBe(working.length);
    expect(dead.size).toBe(working.length + behindStreams.length);
    for (const { id, properties } of working) {
      expect(properties.RedrivePolicy?.maxReceiveCount, id).toBeGreaterThanOrEqual(3);
    }
    for (const { id, properties } of queues.filter((queue) => dead.has(queue.id))) {
      expect(properties.RedrivePolicy, id).toBeUndefined();
      expect(properties.MessageRetentionPeriod, id).toBe(14 * 24 * 3600);
    }
  });

  it("every dead-letter queue raises an alarm with its first message", () => {
    const watched = production
      .of("AWS::CloudWatch::Alarm")
      .filter(({ properties }) => properties.Namespace === "AWS/SQS")
      .map(({ properties }) => {
        expect(properties).toMatchObject({ MetricName: "ApproximateNumberOfMessagesVisible", Threshold: 1 });
        return production.target(properties.Dimensions[0].Value).id;
      });
    expect(watched.sort()).toEqual([...dead].sort());
  });

  it("all are encrypted and refuse plain http, by one policy for a queue and its dead-letter queue", () => {
    const policies = production.of("AWS::SQS::QueuePolicy").map(({ properties }) => ({
      queues: properties.Queues.map((queue: unknown) => production.target(queue).id) as string[],
      statements: statements(production, properties.PolicyDocument),
    }));
    for (const { id, properties } of queues) expect(properties.SqsManagedSseEnabled, id).toBe(true);
    for (const { id, properties } of queues.filter((queue) => !behindQueues.includes(queue.id))) {
      const own = policies.filter((policy) => policy.queues.includes(id));
      // The last policy that is set on a queue is the only one.
      expect(own, id).toHaveLength(1);
      const redrive = properties.RedrivePolicy?.deadLetterTargetArn;
      expect(own[0]?.queues, id).toEqual([id, ...(redrive === undefined ? [] : [production.target(redrive).id])]);
      const denied = own[0]?.statements.filter(({ effect }) => effect === "Deny");
      expect(denied?.map(({ conditions }) => conditions)).toEqual([{ Bool: { "aws:SecureTransport": "false" } }]);
      // SQS takes a policy over the queue itself only.
      for (const { resources } of own[0]?.statements ?? []) expect(resources).toEqual(["*"]);
    }
    expect(policies).toHaveLength(working.length + behindStreams.length);
  });

  it("a function that puts the rest of its work back into its queue is not ended as a loop, and no other is exempt", () => {
    const exempt = rooms.flatMap((room) =>
      Object.keys(room.functions).flatMap((name) =>
        production.functionOf(room.name, name).properties.RecursiveLoop === "Allow" ? [`${room.name}/${name}`] : [],
      ),
    );
    expect(exempt.sort()).toEqual(["audit/stream_deliver", "webhooks/attempt", "webhooks/jobs"]);
  });

  it("a message is not shown again while its function may still work on it", () => {
    for (const { properties } of production.of("AWS::Lambda::EventSourceMapping")) {
      const source = production.text(properties.EventSourceArn);
      if (source.includes("StreamArn")) continue;
      const queue = production.target(properties.EventSourceArn);
      const fn = production.target(properties.FunctionName);
      const { VisibilityTimeout } = queue.properties;
      expect(VisibilityTimeout, queue.id).toBeGreaterThanOrEqual(2 * fn.properties.Timeout);
      // What a worker that died had taken comes again soon, and has tries left when functions are throttled.
      expect(VisibilityTimeout, queue.id).toBeLessThanOrEqual(Math.max(60, 2 * fn.properties.Timeout));
      expect(queue.properties.RedrivePolicy.maxReceiveCount, queue.id).toBe(10);
      expect(properties.FunctionResponseTypes, queue.id).toEqual(["ReportBatchItemFailures"]);
    }
  });
});

describe("events", () => {
  const rules = production.of("AWS::Events::Rule");
  const byPattern = rules.filter(({ properties }) => properties.EventPattern !== undefined);

  it("mails that were not taken come back: those of the deployment's own configuration set, which all mail is sent under", () => {
    const set = production.only("AWS::SES::ConfigurationSet");
    expect(set.properties).toMatchObject({
      Name: "kaizen-studio-production-mail",
      SuppressionOptions: { SuppressedReasons: ["BOUNCE", "COMPLAINT"] },
    });
    const { EventDestination } = production.only("AWS::SES::ConfigurationSetEventDestination").properties;
    expect(EventDestination).toMatchObject({ Enabled: true, MatchingEventTypes: ["bounce", "complaint"] });
    expect(JSON.stringify(EventDestination.EventBridgeDestination.EventBusArn)).toContain(":event-bus/default");
    const patterns = byPattern.map(({ properties }) => properties.EventPattern);
    expect(patterns.filter(({ source }) => source.includes("aws.ses"))).toEqual([
      {
        source: ["aws.ses"],
        "detail-type": ["Email Bounced", "Email Complaint Received"],
        detail: { mail: { tags: { "ses:configuration-set": ["kaizen-studio-production-mail"] } } },
      },
    ]);
    const senders = rooms
      .flatMap((room) => Object.values(room.functions))
      .filter(({ needs }) => needs.includes("mail"));
    const settings = production
      .of("AWS::Lambda::Function")
      .map(({ properties }) => properties.Environment?.Variables?.MAIL_CONFIGURATION_SET)
      .filter((name) => name !== undefined);
    expect(settings).toEqual(senders.map(() => "kaizen-studio-production-mail"));
  });

  it("between the bus and a function there is always a queue, which takes events of that rule only", () => {
    const consumers = rooms
      .flatMap((room) => Object.values(room.functions))
      .filter(({ trigger }) => ["events", "served", "run_status", "mail_status"].includes(trigger.kind));
    expect(byPattern).toHaveLength(consumers.length);
    for (const rule of byPattern) {
      expect(rule.properties.Targets).toHaveLength(1);
      const queue = production.target(rule.properties.Targets[0].Arn);
      expect(queue.type, rule.id).toBe("AWS::SQS::Queue");
      const policies = production
        .of("AWS::SQS::QueuePolicy")
        .filter((each) => production.target(each.properties.Queues[0]).id === queue.id);
      const allowed = policies
        .flatMap((each) => statements(production, each.properties.PolicyDocument))
        .filter(({ effect }) => effect === "Allow");
      expect(allowed, rule.id).toHaveLength(1);
      expect(allowed[0]?.principal).toEqual({ Service: "events.amazonaws.com" });
      expect(production.text(sourceArn(allowed[0]?.conditions))).toBe(`{${rule.id}.Arn}`);
    }
  });

  it("rules of the product listen to its own bus and to event types that exist", async () => {
    const { eventTypes } = await import("../../functions/events.ts");
    const bus = production.only("AWS::Events::EventBus").id;
    for (const { id, properties } of byPattern) {
      const [source] = properties.EventPattern.source;
      if (!String(source).startsWith("kaizen-studio")) continue;
      expect(production.target(properties.EventBusName).id, id).toBe(bus);
      if (source !== "kaizen-studio") continue;
      for (const type of properties.EventPattern["detail-type"] ?? []) expect(eventTypes, id).toContain(type);
    }
  });

  it("events and audit entries are read from the table's stream, each by one reader, until the stream itself forgets them", () => {
    const readers = production
      .of("AWS::Lambda::EventSourceMapping")
      .filter(({ properties }) => production.text(properties.EventSourceArn) === `{${production.table.id}.StreamArn}`);
    // A stream takes two readers of a shard: a third would throttle both.
    const filterOf = (item_type: string) => ({
      eventName: ["INSERT"],
      dynamodb: { NewImage: { item_type: { S: [item_type] } } },
    });
    const read = readers.map(({ properties }) => ({
      by: production.target(properties.FunctionName).id,
      filters: properties.FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern)),
      size: properties.BatchSize,
      window: properties.MaximumBatchingWindowInSeconds,
    }));
    expect(read.sort((a, b) => a.size - b.size)).toEqual([
      { by: production.functionOf("events", "relay").id, filters: [filterOf("event")], size: 10, window: undefined },
      {
        by: production.functionOf("audit", "sequencer").id,
        filters: [filterOf("audit_entry")],
        size: 200,
        window: 5,
      },
    ]);
    for (const { properties } of readers) {
      expect(properties).toMatchObject({ StartingPosition: "TRIM_HORIZON", BisectBatchOnFunctionError: true });
      // Without these a batch is tried again until its records expire. Of a shard one batch is worked on at a time.
      expect(properties.MaximumRetryAttempts).toBeUndefined();
      expect(properties.MaximumRecordAgeInSeconds).toBeUndefined();
      expect(properties.ParallelizationFactor).toBeUndefined();
      // What the function puts aside itself goes to the same place, where the alarm rings.
      const dead = production.target(properties.DestinationConfig.OnFailure.Destination);
      expect(dead.type).toBe("AWS::SQS::Queue");
      const fn = production.target(properties.FunctionName);
      expect(production.target(fn.properties.Environment.Variables.DEAD_LETTERS_URL).id).toBe(dead.id);
    }
  });
});

describe("data", () => {
  it("the table of production can be restored, streams, expires and resists deletion", () => {
    const { properties, deletion } = production.table;
    expect(properties).toMatchObject({
      BillingMode: "PAY_PER_REQUEST",
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: "NEW_IMAGE" },
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
    });
    expect(deletion).toBe("Retain");
  });

  it("keys of secrets rotate; those whose old signatures stay good sign and cannot rotate", () => {
    const keys = production.of("AWS::KMS::Key").map(({ properties }) => properties);
    const [proofs, heads, deployments, ...secrets] = keys.sort((a, b) =>
      String(b.KeyUsage ?? "").localeCompare(String(a.KeyUsage ?? "")),
    );
    expect(secrets.map(({ EnableKeyRotation, KeyUsage }) => [EnableKeyRotation, KeyUsage])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
    for (const one of [proofs, heads, deployments])
      expect(one).toMatchObject({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  });

  it.each(production.of("AWS::S3::Bucket").map(({ id, properties }) => [id, properties] as const))(
    "the bucket %s is private, encrypted and refuses plain http",
    (id, properties) => {
      expect(properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(properties.BucketEncryption.ServerSideEncryptionConfiguration).toHaveLength(1);
      const policies = production
        .of("AWS::S3::BucketPolicy")
        .filter((policy) => production.target(policy.properties.Bucket).id === id);
      expect(policies.flatMap((policy) => statements(production, policy.properties.PolicyDocument))).toEqual([
        expect.objectContaining({ effect: "Deny", conditions: { Bool: { "aws:SecureTransport": "false" } } }),
      ]);
    },
  );

  it("files end by what they are there for: uploads in flight, runs and threads by their days, parts of broken uploads", () => {
    const { Rules } = production.files.properties.LifecycleConfiguration;
    const expiring = Rules.filter((rule: { ExpirationInDays?: number }) => rule.ExpirationInDays !== undefined);
    expect(expiring.map(({ Prefix, ExpirationInDays, Status }: never) => [Prefix, ExpirationInDays, Status])).toEqual([
      ["uploads/", 1, "Enabled"],
      ["runs/7/", 7, "Enabled"],
      ["runs/30/", 30, "Enabled"],
      ["runs/90/", 90, "Enabled"],
      ["runs/400/", 400, "Enabled"],
      ["threads/7/", 7, "Enabled"],
      ["threads/30/", 30, "Enabled"],
      ["threads/90/", 90, "Enabled"],
      ["threads/400/", 400, "Enabled"],
    ]);
    const aborting = Rules.filter((rule: object) => "AbortIncompleteMultipartUpload" in rule);
    expect(aborting).toEqual([{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: "Enabled" }]);
    // What code writes begins as the rules say.
    const tenant = "org_1";
    for (const kept_days of runDays) {
      for (const place of [
        runFiles(tenant, { id: "run_1", kept_days }),
        threadFiles(tenant, { id: "thr_1", kept_days }),
      ]) {
        const [rule, ...others] = expiring.filter(({ Prefix }: { Prefix: string }) => place.startsWith(Prefix));
        expect([rule.ExpirationInDays, others]).toEqual([kept_days, []]);
      }
    }
    const beginsAs = (key: string) => expiring.filter(({ Prefix }: { Prefix: string }) => key.startsWith(Prefix));
    expect(beginsAs(uploadKey(tenant, "pip_1", "upl_1"))).toHaveLength(1);
    // Contents of agents and pipelines end with these, never by age.
    expect(beginsAs(versionFiles(tenant, "agt_1"))).toEqual([]);
  });

  it("what holds data outlives the stacks of production, and only there", () => {
    const holds = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Cognito::UserPool"];
    for (const type of [...holds, "AWS::Logs::LogGroup"]) {
      for (const { id, deletion } of production.of(type)) {
        // The workflow's own log repeats what runs keep themselves.
        expect(deletion, id).toBe("Retain");
      }
      for (const { id, deletion } of local.of(type)) expect(deletion, id).toBe("Delete");
    }
    expect(production.only("AWS::Cognito::UserPool").properties.DeletionProtection).toBe("ACTIVE");
    expect(local.table.properties.DeletionProtectionEnabled).not.toBe(true);
  });

  it("logs of production are kept a year", () => {
    for (const { properties } of production.of("AWS::Lambda::Function")) {
      expect(production.target(properties.LoggingConfig.LogGroup).properties.RetentionInDays).toBe(365);
    }
  });

  it("functions of production call public https addresses only", () => {
    for (const { id, properties } of production.of("AWS::Lambda::Function")) {
      const { OUTBOUND_ALLOW_HTTP: http, OUTBOUND_ALLOW_HOSTS: hosts } = properties.Environment.Variables;
      if (http !== undefined) expect([http, hosts], id).toEqual(["false", ""]);
    }
  });
});

// biome-ignore lint/suspicious/noExplicitAny: conditions of a template
const sourceArn = (conditions: any): unknown => conditions?.ArnEquals?.["aws:SourceArn"];
