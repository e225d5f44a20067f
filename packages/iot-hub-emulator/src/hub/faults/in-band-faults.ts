/**
 * Faults that a device asks for itself: a device-to-cloud message with the properties that the vendors' own end-to-end
 * tests use on the service. It acts on the connection that sent it.
 */

/** What the vendors' tests ask for; a front has an effect for those of its own protocol and the last four. */
const OPERATIONS = [
  "KillAmqpConnection",
  "KillAmqpSession",
  "KillAmqpCBSLinkReq",
  "KillAmqpCBSLinkResp",
  "KillAmqpD2CLink",
  "KillAmqpC2DLink",
  "KillAmqpTwinLinkReq",
  "KillAmqpTwinLinkResp",
  "KillAmqpMethodReqLink",
  "KillAmqpMethodRespLink",
  "ShutDownAmqp",
  "ShutDownMqtt",
  "KillTcp",
  "Throttle",
  "QuotaExceeded",
  "Auth",
] as const;

export type InBandFaultOperation = (typeof OPERATIONS)[number];

export interface InBandFault {
  readonly operation: InBandFaultOperation;
  /** Free text, to be shown where the protocol can show it. */
  readonly closeReason: string;
  /** From the message to the fault. */
  readonly delayMs: number;
  /** How long a fault that can last does. */
  readonly durationMs: number;
}

const LONGEST_SECONDS = 24 * 3600;
const BY_NAME: ReadonlyMap<string, InBandFaultOperation> = new Map(
  OPERATIONS.map((operation) => [operation.toLowerCase(), operation]),
);

/** `undefined` for a message that asks for no fault, or for an unknown one. */
export function parseInBandFault(properties: ReadonlyMap<string, string>): InBandFault | undefined {
  if (properties.size === 0) return undefined;
  const name = properties.get("AzIoTHub_FaultOperationType");
  const operation = name === undefined ? undefined : BY_NAME.get(name.toLowerCase());
  if (operation === undefined) return undefined;
  return {
    operation,
    closeReason: properties.get("AzIoTHub_FaultOperationCloseReason") ?? "",
    delayMs: milliseconds(properties.get("AzIoTHub_FaultOperationDelayInSecs")),
    durationMs: milliseconds(properties.get("AzIoTHub_FaultOperationDurationInSecs")),
  };
}

function milliseconds(seconds: string | undefined): number {
  const number = Number(seconds ?? 0);
  return number > 0 ? Math.min(number, LONGEST_SECONDS) * 1000 : 0;
}
