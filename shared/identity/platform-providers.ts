import * as z from "zod";

/** Providers through which anybody may sign in, of no organization, where the operator of the deployment has set them up. */
export const platformProviders = ["google", "microsoft"] as const;
export const platformProviderSchema = z.enum(platformProviders).meta({ id: "PlatformProvider" });
export type PlatformProvider = z.output<typeof platformProviderSchema>;

/** As people know them. */
export const providerTitles: Readonly<Record<PlatformProvider, string>> = { google: "Google", microsoft: "Microsoft" };
