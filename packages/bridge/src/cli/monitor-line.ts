/** A message from a hub in the form that `az iot hub monitor-events` prints. */

/** The part of a message that is shown. */
export interface MonitoredMessage {
  readonly deviceId: string;
  readonly body: unknown;
}

export const MONITOR_GREETING = "Reading messages as they arrive in the hub. Ctrl-C ends it.";

/** Ends with a newline. Compact: one line a message. */
export function monitorLine({ deviceId, body }: MonitoredMessage, { compact }: { readonly compact: boolean }): string {
  const event = { origin: deviceId, module: "", interface: "", component: "", payload: body };
  return `${JSON.stringify({ event }, null, compact ? 0 : 4)}\n`;
}
