/** Refusals as AMQP tells them, and the hub's errors translated into them. */
import type { ErrorCondition } from "../amqp-codec/performatives.ts";
import { asHubError, type HubError, type HubErrorName } from "../hub/errors.ts";

/** How much of the peer's work an error ends. */
export type ErrorScope = "link" | "session" | "connection";

/** A mistake of the peer, with the condition it is told. */
export class AmqpError extends Error {
  readonly scope: ErrorScope;
  readonly condition: ErrorCondition;

  constructor(scope: ErrorScope, condition: string, description: string, info?: ErrorCondition["info"]) {
    super(description);
    this.scope = scope;
    this.condition = { condition, description, ...(info === undefined ? {} : { info }) };
  }
}

/** Condition of each error of the hub. */
const CONDITIONS: Readonly<Record<HubErrorName, string>> = {
  InvalidProtocolVersion: "com.microsoft:argument-error",
  InvalidOperation: "amqp:not-allowed",
  ArgumentInvalid: "com.microsoft:argument-error",
  ArgumentNull: "com.microsoft:argument-error",
  IotHubFormatError: "com.microsoft:argument-error",
  DeviceDefinedMultipleTimes: "com.microsoft:argument-error",
  DeserializationError: "com.microsoft:argument-error",
  BulkRegistryOperationFailure: "com.microsoft:argument-error",
  DefaultStorageEndpointNotConfigured: "com.microsoft:argument-error",
  InvalidFileUploadCorrelationId: "com.microsoft:argument-error",
  ExpiredFileUploadCorrelationId: "com.microsoft:argument-error",
  InvalidStorageEndpointOrBlob: "com.microsoft:argument-error",
  RequestTimedOut: "com.microsoft:timeout",
  ConnectionForcefullyClosedOnNewConnection: "amqp:link:stolen",
  InvalidContentEncodingOrType: "com.microsoft:argument-error",
  CannotRegisterModuleToModule: "com.microsoft:argument-error",
  IotHubNotFound: "com.microsoft:iot-hub-not-found-error",
  IotHubUnauthorizedAccess: "amqp:unauthorized-access",
  IotHubUnauthorized: "amqp:unauthorized-access",
  IotHubQuotaExceeded: "amqp:resource-limit-exceeded",
  DeviceMaximumQueueDepthExceeded: "amqp:resource-limit-exceeded",
  IotHubMaxCbsTokenExceeded: "amqp:resource-limit-exceeded",
  DeviceMaximumActiveFileUploadLimitExceeded: "amqp:resource-limit-exceeded",
  InvalidMessageExpiryTime: "com.microsoft:argument-out-of-range",
  OperationNotAvailableInCurrentTier: "amqp:not-allowed",
  DeviceDisabled: "amqp:unauthorized-access",
  DeviceMaximumInflightMethodExceeded: "amqp:resource-limit-exceeded",
  DeviceNotFound: "amqp:not-found",
  AmqpAddressNotFound: "amqp:not-found",
  ModuleNotFound: "amqp:not-found",
  JobNotFound: "amqp:not-found",
  ConfigurationNotFound: "amqp:not-found",
  JobQuotaExceeded: "amqp:resource-limit-exceeded",
  JobAlreadyExists: "com.microsoft:argument-error",
  ConfigurationAlreadyExists: "com.microsoft:argument-error",
  DeviceNotOnline: "amqp:not-found",
  DeviceConnectionClosedRemotely: "amqp:not-found",
  MethodNotAllowed: "amqp:not-allowed",
  DeviceAlreadyExists: "com.microsoft:device-already-exists",
  LinkCreationConflict: "com.microsoft:link-creation-conflict",
  ModuleAlreadyExistsOnDevice: "com.microsoft:device-already-exists",
  PreconditionFailed: "com.microsoft:precondition-failed",
  DeviceMessageLockLost: "com.microsoft:message-lock-lost",
  MessageTooLarge: "amqp:link:message-size-exceeded",
  TooManyDevices: "amqp:resource-limit-exceeded",
  TooManyModulesOnDevice: "amqp:resource-limit-exceeded",
  UnsupportedMediaType: "com.microsoft:argument-error",
  ThrottlingException: "com.microsoft:device-container-throttled",
  ThrottleBacklogLimitExceeded: "com.microsoft:device-container-throttled",
  ServerError: "amqp:internal-error",
  NotImplemented: "amqp:not-implemented",
  GenericBadGateway: "amqp:internal-error",
  ServiceUnavailable: "com.microsoft:timeout",
  PartitionNotFound: "amqp:not-found",
  GatewayTimeout: "com.microsoft:timeout",
  ResourceNotFound: "amqp:not-found",
};

/** A hub's error as a condition: its name leads the description, number and tracking id stand in the info map. */
export function hubErrorCondition(error: HubError): ErrorCondition {
  return {
    condition: CONDITIONS[error.errorName],
    description: `ErrorCode:${error.errorName};${error.message} (${error.errorCode})`,
    info: { "com.microsoft:tracking-id": error.trackingId, "com.microsoft:error-code": error.errorCode },
  };
}

/** Any thrown value as a condition; what is not the peer's fault is told without details. */
export function errorCondition(error: unknown): ErrorCondition {
  return error instanceof AmqpError ? error.condition : hubErrorCondition(asHubError(error));
}

/** What ends the links of a token that has expired. */
export const TOKEN_EXPIRED: ErrorCondition = {
  condition: "amqp:unauthorized-access",
  description: "The token of this link has expired; put a new one on $cbs and attach again.",
};

/**
 * The hub ends a link or a session though the peer did nothing wrong. Clients take only this condition as a reason to come
 * back by themselves; that the service tells it for sessions too is inferred from that.
 */
export function forced(description: string): ErrorCondition {
  return { condition: "amqp:link:detach-forced", description: description.slice(0, 256) };
}
