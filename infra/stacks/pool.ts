import { CfnOutput, Duration, Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AccountRecovery,
  ClientAttributes,
  FeaturePlan,
  LambdaVersion,
  Mfa,
  StringAttribute,
  UserPool,
  type UserPoolClient,
  UserPoolOperation,
} from "aws-cdk-lib/aws-cognito";
import type { Construct } from "constructs";
import { type PlatformProvider, providerTitles } from "../../shared/identity/platform-providers.ts";
import { namePrefix } from "../constructs/data-key.ts";
import { type ProviderClients, platformClients } from "../constructs/platform-clients.ts";
import { RoomFunction } from "../constructs/room-function.ts";
import { settingsOf } from "../function-settings.ts";
import { grant } from "../grants.ts";
import { acknowledge } from "../nag.ts";
import type { Product } from "../product.ts";
import type { DataStack, StageProps } from "./data.ts";
import type { MessagingStack } from "./messaging.ts";
import { partialResources } from "./resources.ts";

const OPERATIONS = {
  pre_sign_up: UserPoolOperation.PRE_SIGN_UP,
  // Version 2, of the feature plan Essentials or higher, sees access tokens too.
  pre_token_generation: UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
} as const;

/**
 * The one attribute that the app client may write. An empty list means all standard attributes to Cognito, e-mail and
 * name among them; this one means nothing to us, has no value, and cannot be written once an account exists.
 */
const NOTHING = "nothing";

/** The user pool: the issuer of tokens. Who a person is and may do stands in the table, not here. */
export class PoolStack extends Stack {
  readonly pool: UserPool;
  readonly client: UserPoolClient;
  /** The pool's domain, through which people come from sign-in providers; a laptop has none. */
  readonly url: string | undefined;
  /** App clients of the providers through which everybody may sign in. */
  readonly providerClients: ProviderClients;

  constructor(
    scope: Construct,
    id: string,
    {
      stage,
      bundles,
      product,
      data,
      messaging,
      ...props
    }: StageProps & { readonly product: Product; readonly data: DataStack; readonly messaging: MessagingStack },
  ) {
    super(scope, id, props);
    this.pool = new UserPool(this, "Users", {
      selfSignUpEnabled: false,
      // The user name is our user id; the e-mail becomes a second way in once it is verified.
      signInAliases: { username: true, email: true },
      // A pool that is not shows our upper-case ids in lower case, and can never be changed; e-mails are lower-cased by us.
      signInCaseSensitive: true,
      customAttributes: {
        [NOTHING]: new StringAttribute({ mutable: false, maxLen: 1 }),
        // What sign-in providers say of a person, apart from the pool's own attributes, which are names to sign in by.
        email: new StringAttribute({ mutable: true, maxLen: 2_048 }),
        email_verified: new StringAttribute({ mutable: true, maxLen: 2_048 }),
        groups: new StringAttribute({ mutable: true, maxLen: 2_048 }),
        email_proof: new StringAttribute({ mutable: true, maxLen: 2_048 }),
      },
      passwordPolicy: {
        minLength: 12,
        requireLowercase: false,
        requireUppercase: false,
        requireDigits: false,
        requireSymbols: false,
      },
      accountRecovery: AccountRecovery.NONE,
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      featurePlan: FeaturePlan.ESSENTIALS,
      deletionProtection: stage.protect_data,
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(
      this.pool,
      "AwsSolutions-COG1",
      "Length (12 or more) protects better than character classes, which NIST SP 800-63B advises against.",
    );
    acknowledge(
      this.pool,
      "AwsSolutions-COG2",
      "MFA is offered by authenticator app; an organization can demand it, the platform cannot for all.",
    );
    acknowledge(
      this.pool,
      "AwsSolutions-COG3",
      "Throttling and back-off by account and address are part of the sign-in operation; threat protection needs the Plus plan.",
    );
    acknowledge(this.pool, "AwsSolutions-COG8", "The product needs no feature of the Plus plan.");

    this.client = this.pool.addClient("Api", {
      authFlows: { adminUserPassword: true },
      // No page or token endpoint of the pool: the one way in is ours.
      disableOAuth: true,
      writeAttributes: new ClientAttributes().withCustomAttributes(NOTHING),
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.minutes(15),
      idTokenValidity: Duration.minutes(15),
      refreshTokenValidity: Duration.days(7),
      enableTokenRevocation: true,
    });

    this.url = stage.name === "local" ? undefined : this.#domain(stage);
    this.providerClients = platformClients(this, this.pool.userPoolId, stage);

    const resources = partialResources(data, stage);
    for (const room of product.rooms) {
      for (const [name, fn] of Object.entries(room.functions)) {
        if (fn.trigger.kind !== "cognito") continue;
        const { fn: handler } = new RoomFunction(this, {
          room: room.name,
          name,
          data: fn,
          granted: grant(fn, resources),
          environment: settingsOf("cognito", stage, {
            table: data.table.tableName,
            key: data.key.keyArn,
            people: undefined,
          }),
          stage,
          alarms: messaging.alarms,
          dataKey: data.dataKey,
          bundles,
        });
        for (const trigger of fn.trigger.triggers) {
          const version = trigger === "pre_token_generation" ? LambdaVersion.V2_0 : LambdaVersion.V1_0;
          this.pool.addTrigger(OPERATIONS[trigger], handler, version);
        }
      }
    }

    new CfnOutput(this, "UserPoolId", { value: this.pool.userPoolId });
    new CfnOutput(this, "UserPoolClientId", { value: this.client.userPoolClientId });
    for (const [provider, value] of Object.entries(this.providerClients))
      new CfnOutput(this, `${providerTitles[provider as PlatformProvider]}ClientId`, { value });
    // What to enter at companies' providers begins with it.
    if (this.url !== undefined) new CfnOutput(this, "SignInUrl", { value: this.url });
  }

  /** Prefixes are unique in a region over all accounts: the stack's own id, which AWS chooses, makes it so. */
  #domain(stage: StageProps["stage"]): string {
    const own = Fn.select(0, Fn.split("-", Fn.select(2, Fn.split("/", this.stackId))));
    const domain = this.pool.addDomain("Domain", {
      cognitoDomain: { domainPrefix: Fn.join("-", [namePrefix(stage), own]) },
    });
    return domain.baseUrl();
  }
}
