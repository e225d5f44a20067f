/** A local Azure IoT Hub, as a library. */
export { createEmulator, withEmulator } from "./emulator.ts";
export type { Emulator } from "./emulator.ts";
export type { EmulatorAddresses } from "./addresses.ts";
export type { EmulatorOptions } from "./emulator-options.ts";
export { ListenError } from "./listening.ts";
export type { HubClock } from "./hub/clock/clock.ts";
export type { ConnectionState, DumpedIdentity, HubDump } from "./hub/dump.ts";
export { HubError } from "./hub/errors.ts";
export type { HubErrorName } from "./hub/errors.ts";
export type { ClosedConnection } from "./mqtt/context.ts";
export { WaitTimeoutError } from "./hub/events/event-watch.ts";
export type { EventWaitOptions } from "./hub/events/event-watch.ts";
export type { FaultEffect, FaultPlace, FaultPoint, FaultRule } from "./hub/faults/fault-rule.ts";
export type { FaultState, Faults } from "./hub/faults/faults.ts";
export type { HubEvent } from "./hub/events/hub-event.ts";
export type { RoutingOptions, RoutingSettings } from "./hub/routing/routing-settings.ts";
export type { Operation, Tier } from "./hub/limits/tiers.ts";
