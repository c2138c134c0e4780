import { clientSetting, type Settings } from "../../../shared/config/settings.ts";
import { type PlatformProvider, platformProviders } from "../../../shared/identity/platform-providers.ts";

/** The pool's app clients of the providers that the operator has set up. */
export type PlatformClients = Readonly<Partial<Record<PlatformProvider, string>>>;

/** The registrations at those of them that call people otherwise in another one, by what names them. */
export type PlatformRegistrations = Readonly<Partial<Record<PlatformProvider, string>>>;

export const clientNames = platformProviders.map(clientSetting);
export const registrationNames = ["MICROSOFT_REGISTRATION"] as const;

export const platformRegistrations = ({
  MICROSOFT_REGISTRATION: microsoft,
}: Pick<Settings, (typeof registrationNames)[number]>): PlatformRegistrations =>
  microsoft === undefined ? {} : { microsoft };

export const platformClients = (read: Pick<Settings, (typeof clientNames)[number]>): PlatformClients =>
  Object.fromEntries(
    platformProviders.flatMap((provider) => {
      const client = read[clientSetting(provider)];
      return client === undefined ? [] : [[provider, client]];
    }),
  );
