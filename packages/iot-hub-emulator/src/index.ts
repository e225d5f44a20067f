/** A local Azure IoT Hub, as a library. */
export { createEmulator, withEmulator } from "./emulator.ts";
export type { Emulator } from "./emulator.ts";
export type { EmulatorAddresses } from "./addresses.ts";
export type { EmulatorOptions } from "./emulator-options.ts";
export { ListenError } from "./listening.ts";
export type { HubClock } from "./hub/clock.ts";
export type { ConnectionState, DumpedIdentity, HubDump } from "./hub/dump.ts";
export { HubError } from "./hub/errors.ts";
export type { HubErrorName } from "./hub/errors.ts";
export type { ClosedConnection } from "./mqtt/context.ts";
export { WaitTimeoutError } from "./hub/event-watch.ts";
export type { EventWaitOptions } from "./hub/event-watch.ts";
export type { FaultEffect, FaultPlace, FaultPoint, FaultRule } from "./hub/fault-rule.ts";
export type { FaultState, Faults } from "./hub/faults.ts";
export type { HubEvent } from "./hub/hub-event.ts";
export type { RoutingOptions, RoutingSettings } from "./hub/routing/routing-settings.ts";
export type { Operation, Tier } from "./hub/tiers.ts";
