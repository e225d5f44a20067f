/** The vocabulary of Azure IoT Hub: what both ends of the wire agree on, and nothing that opens a socket. */
export * from "./addresses.ts";
export * from "./connection-string.ts";
export * from "./device-id.ts";
export * from "./message.ts";
export * from "./property-bag.ts";
export * from "./shared-access-signature.ts";
export * from "./slashes.ts";
