/**
 * The errors of an IoT Hub. Every operation of the model fails with one of these names; a front translates it (HTTPS by
 * its status, AMQP by its condition) and never invents its own.
 */
import { randomBytes } from "node:crypto";

/** Numeric code of each error; its first three digits are the HTTP status. */
const HUB_ERROR_CODES = {
  InvalidProtocolVersion: 400001,
  InvalidOperation: 400003,
  ArgumentInvalid: 400004,
  ArgumentNull: 400005,
  IotHubFormatError: 400006,
  DeviceDefinedMultipleTimes: 400011,
  DeserializationError: 400012,
  BulkRegistryOperationFailure: 400013,
  DefaultStorageEndpointNotConfigured: 400014,
  InvalidFileUploadCorrelationId: 400015,
  ExpiredFileUploadCorrelationId: 400016,
  InvalidStorageEndpointOrBlob: 400020,
  RequestTimedOut: 400024,
  ConnectionForcefullyClosedOnNewConnection: 400027,
  InvalidContentEncodingOrType: 400103,
  CannotRegisterModuleToModule: 400301,
  IotHubNotFound: 401001,
  IotHubUnauthorizedAccess: 401002,
  IotHubUnauthorized: 401003,
  IotHubQuotaExceeded: 403002,
  DeviceMaximumQueueDepthExceeded: 403004,
  JobQuotaExceeded: 403003,
  IotHubMaxCbsTokenExceeded: 403005,
  DeviceMaximumActiveFileUploadLimitExceeded: 403006,
  InvalidMessageExpiryTime: 403009,
  OperationNotAvailableInCurrentTier: 403010,
  DeviceDisabled: 403012,
  DeviceMaximumInflightMethodExceeded: 403800,
  ResourceNotFound: 404000,
  DeviceNotFound: 404001,
  JobNotFound: 404002,
  AmqpAddressNotFound: 404006,
  ModuleNotFound: 404010,
  ConfigurationNotFound: 404011,
  DeviceNotOnline: 404103,
  DeviceConnectionClosedRemotely: 404104,
  MethodNotAllowed: 405000,
  DeviceAlreadyExists: 409001,
  LinkCreationConflict: 409002,
  // Numbers of these two, and of ConfigurationNotFound, are inferred.
  JobAlreadyExists: 409003,
  ConfigurationAlreadyExists: 409401,
  ModuleAlreadyExistsOnDevice: 409301,
  PreconditionFailed: 412001,
  DeviceMessageLockLost: 412002,
  MessageTooLarge: 413001,
  TooManyDevices: 413002,
  TooManyModulesOnDevice: 413003,
  UnsupportedMediaType: 415000,
  ThrottlingException: 429001,
  ThrottleBacklogLimitExceeded: 429002,
  ServerError: 500001,
  NotImplemented: 501000,
  GenericBadGateway: 502000,
  ServiceUnavailable: 503001,
  PartitionNotFound: 503003,
  GatewayTimeout: 504101,
} as const;

export type HubErrorName = keyof typeof HUB_ERROR_CODES;

export function isHubErrorName(text: string): text is HubErrorName {
  return Object.hasOwn(HUB_ERROR_CODES, text);
}

/** The commonest error with an HTTP status. */
export function hubErrorNameOf(httpStatus: number): HubErrorName | undefined {
  const names = Object.keys(HUB_ERROR_CODES) as HubErrorName[];
  return COMMONEST[httpStatus] ?? names.find((name) => Math.floor(HUB_ERROR_CODES[name] / 1000) === httpStatus);
}

const COMMONEST: Readonly<Record<number, HubErrorName>> = {
  400: "ArgumentInvalid",
  401: "IotHubUnauthorizedAccess",
  404: "DeviceNotFound",
};

/** A refusal by the hub: whose fault it is and why stands in the message; `trackingId` finds it in a log. */
export class HubError extends Error {
  readonly errorName: HubErrorName;
  readonly errorCode: number;
  readonly httpStatus: number;
  readonly trackingId: string;

  constructor(errorName: HubErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HubError";
    this.errorName = errorName;
    this.errorCode = HUB_ERROR_CODES[errorName];
    this.httpStatus = Math.floor(this.errorCode / 1000);
    this.trackingId = randomBytes(16).toString("hex").toUpperCase();
  }
}

/** An error as devices get it in answers about their twin. `now` is in unix milliseconds. */
export function errorDocument(
  { errorCode, trackingId, message }: HubError,
  now: number,
): Readonly<Record<string, string | number>> {
  return { errorCode, trackingId, message, timestampUtc: new Date(now).toISOString() };
}

/** The error a front shows for anything that is not a `HubError`: a fault of ours, told without its details. */
export function asHubError(error: unknown): HubError {
  if (error instanceof HubError) return error;
  return new HubError("ServerError", "The hub failed to process the request; see its log.", { cause: error });
}
