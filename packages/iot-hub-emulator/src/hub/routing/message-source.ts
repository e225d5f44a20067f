/** Where messages come from, as routes name it, and what the hub writes into `iothub-message-source`. */
export const MESSAGE_SOURCES = {
  DeviceMessages: "Telemetry",
  TwinChangeEvents: "twinChangeEvents",
  DigitalTwinChangeEvents: "digitalTwinChangeEvents",
  DeviceLifecycleEvents: "deviceLifecycleEvents",
  DeviceConnectionStateEvents: "deviceConnectionStateEvents",
} as const;

export type MessageSource = keyof typeof MESSAGE_SOURCES;

/** The source of this name, whatever its case. */
export function messageSource(name: string): MessageSource | undefined {
  const sources = Object.keys(MESSAGE_SOURCES) as readonly MessageSource[];
  return sources.find((source) => source.toLowerCase() === name.toLowerCase());
}
