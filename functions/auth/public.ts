/** What other rooms may use of signing in. */
export { LARGEST_ACCOUNT } from "./registration/account.ts";
export { GLASSES_PER_USER } from "./sessions/break-glass.ts";
export { cutOff } from "./sessions/cut-off.ts";
export { type DeviceRead, deviceOfSignIn, readDevice } from "./sessions/known-device.ts";
export { newDevice, newSession, openSession, signedIn } from "./sessions/open.ts";
