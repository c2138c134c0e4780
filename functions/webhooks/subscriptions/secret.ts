/** What a webhook's signing secret belongs to: copied to another webhook or organization it opens nothing. */
export const secretContext = (tenant: string, webhook_id: string) =>
  ({
    purpose: "webhook_secrets",
    tenant,
    field: `webhooks.${webhook_id}.secret`,
  }) as const;
