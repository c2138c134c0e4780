import { clientSetting, type Settings } from "../../../shared/config/settings.ts";
import { type PlatformProvider, platformProviders } from "../../../shared/identity/platform-providers.ts";

/** The pool's app clients of the providers that the operator has set up. */
export type PlatformClients = Readonly<Partial<Record<PlatformProvider, string>>>;

export const clientNames = platformProviders.map(clientSetting);

export const platformClients = (read: Pick<Settings, (typeof clientNames)[number]>): PlatformClients =>
  Object.fromEntries(
    platformProviders.flatMap((provider) => {
      const client = read[clientSetting(provider)];
      return client === undefined ? [] : [[provider, client]];
    }),
  );
