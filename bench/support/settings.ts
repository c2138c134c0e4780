/** What infra gives a function in its environment. */
export const functionSettings = {
  STAGE: "production",
  FRONT_SECRET: "a secret of the deployment, 32 or more",
  TABLE_NAME: "table",
  KEY_ARN: "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000",
  HEADS_KEY_ARN: "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000001",
  USER_POOL_ID: "us-east-1_Benchmark",
  POOL_URL: "https://signin.example.com",
  USER_POOL_CLIENT_ID: "client",
  BUCKET_NAME: "bucket",
  STATE_MACHINE_ARN: "arn:aws:states:us-east-1:000000000000:stateMachine:runs",
  OUTBOUND_ALLOW_HTTP: "false",
  OUTBOUND_ALLOW_HOSTS: "",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  NODE_ENV: "production",
};
