/** A local Azure IoT Hub, as a library. */
export { createEmulator } from "./emulator.ts";
export type { Emulator, EmulatorAddresses, EmulatorOptions } from "./emulator.ts";
export { ListenError } from "./listening.ts";
export { HubError } from "./hub/errors.ts";
export type { HubErrorName } from "./hub/errors.ts";
