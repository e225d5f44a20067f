/** The service's own error numbers: what each means for who runs the bridge, and what to do about it. */

export interface HubCode {
  readonly name: string;
  readonly meaning: string;
  readonly nextStep: string;
}

const WAIT = "Nothing to do: the bridge tries again by itself. Look at Azure's status page if it lasts.";
const REPORT = "The bridge should not cause this: please report it with the hub's words.";
const SLOWER = "The bridge sends more slowly by itself. Add units, or move to a larger tier, if it lasts.";
const KEY = "Copy the policy's name and key again: Azure portal > IoT Hub > Shared access policies.";

export const HUB_CODES: Readonly<Record<number, HubCode>> = {
  400000: row("generic", "The hub cannot use the request, and does not say why.", REPORT),
  400001: row("InvalidProtocolVersion", "The hub no longer speaks this version of its interface.", "Update Isthmus."),
  400003: row("InvalidOperation", "The hub does not do this with what it holds now.", REPORT),
  400004: row(
    "ArgumentInvalid",
    "A field, mostly the device id, has a form that the hub does not take.",
    "Look at the device id: 1 to 128 letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '.",
  ),
  400005: row("ArgumentNull", "A field that the hub needs is missing.", REPORT),
  400006: row("IotHubFormatError", "The hub cannot read the request.", REPORT),
  400011: row("DeviceDefinedMultipleTimes", "A list of devices names one of them twice.", REPORT),
  400012: row("DeserializationError", "The hub cannot read the request's body.", REPORT),
  400013: row("BulkRegistryOperationFailure", "Some of many identities could not be changed.", REPORT),
  400023: row("EtagDoesNotMatch", "Somebody else changed the identity or twin at the same moment.", WAIT),
  400024: row("RequestTimedOut", "The hub was too slow for its own limit.", WAIT),
  400027: row(
    "ConnectionForcefullyClosedOnNewConnection",
    "Another connection took over the device's identity.",
    "Keep the device from connecting to the hub by itself while the bridge sends for it.",
  ),
  400103: row(
    "InvalidContentEncodingOrType",
    "The hub does not take this content type or encoding.",
    "Change the integration's content type.",
  ),
  400301: row("CannotRegisterModuleToModule", "A module cannot have modules.", REPORT),
  401001: row(
    "IotHubNotFound",
    "There is no hub of this name.",
    "Check hub_name: Azure portal > IoT Hub > Overview > Hostname.",
  ),
  401002: row("IotHubUnauthorizedAccess", "The key is wrong, or the policy lacks a permission.", KEY),
  401003: row(
    "IotHubUnauthorized",
    "The hub does not accept the key, the token's time, or the policy's name.",
    `${KEY} Check this server's clock too.`,
  ),
  403001: row(
    "IotHubSuspended",
    "The hub is suspended, as happens when the subscription is.",
    "Azure portal > Subscriptions: look at the subscription's state.",
  ),
  403002: row(
    "IotHubQuotaExceeded",
    "The hub's daily quota of messages is used up, until midnight UTC.",
    "Wait for midnight UTC, or add units. Events wait meanwhile.",
  ),
  403003: row("JobQuotaExceeded", "The hub runs as many jobs as it may.", REPORT),
  403004: row(
    "DeviceMaximumQueueDepthExceeded",
    "The device's queue of cloud-to-device messages is full.",
    "Purge the queue, or let the device read it.",
  ),
  403005: row("IotHubMaxCbsTokenExceeded", "A connection carries more tokens than the hub takes.", REPORT),
  403006: row("MaxActiveFileUploads", "The device has too many uploads under way.", REPORT),
  403010: row(
    "OperationNotAvailableInCurrentTier",
    "The hub's tier does not have this: Basic tiers have no twins.",
    "Telemetry goes on without names. Move the hub to a Standard tier to have them.",
  ),
  403012: row(
    "DeviceDisabled",
    "The device is disabled in the hub.",
    "Azure portal > IoT Hub > Devices: enable it. Its events wait.",
  ),
  403800: row("TooManyInFlightMethods", "The device has too many method calls under way.", REPORT),
  404001: row(
    "DeviceNotFound",
    "The hub has no such device.",
    "The bridge makes it again, unless create_identities is off.",
  ),
  404002: row("JobNotFound", "The hub has no such job.", REPORT),
  404006: row("AmqpAddressNotFound", "The hub does not know the address.", REPORT),
  404010: row("ModuleNotFound", "The device has no such module.", REPORT),
  404012: row("UnavailableForNow", "The hub moves, and is not to be found for a moment.", WAIT),
  404103: row(
    "DeviceNotOnline",
    "The device is not connected to the hub by itself.",
    "Commands reach devices behind the bridge through the bridge.",
  ),
  404104: row("DeviceConnectionClosedRemotely", "The device's connection ended while the hub worked for it.", WAIT),
  409001: row("DeviceAlreadyExists", "The identity is there already; the bridge adopts it.", WAIT),
  409002: row(
    "LinkCreationConflict",
    "Somebody else opened the device's link at the same moment.",
    "Keep the device from connecting to the hub by itself while the bridge sends for it.",
  ),
  409301: row("ModuleAlreadyExistsOnDevice", "The device has this module already.", REPORT),
  412001: row("PreconditionFailed", "Somebody else changed the identity or twin since it was read.", WAIT),
  412002: row("DeviceMessageLockLost", "A cloud-to-device message was settled too late.", REPORT),
  413001: row(
    "MessageTooLarge",
    "The message is larger than 256 KB.",
    "Make the body smaller, for instance by a template.",
  ),
  413002: row(
    "TooManyDevices",
    "The hub is full: it holds a million devices, a free one 500.",
    "Remove devices from the hub, or use another hub for more.",
  ),
  413003: row("TooManyModulesOnDevice", "The device has 50 modules, which is the most.", REPORT),
  415000: row("UnsupportedMediaType", "The hub does not take a body of this type.", REPORT),
  429000: row("GenericTooManyRequests", "The hub limits the rate.", SLOWER),
  429001: row("ThrottlingException", "The hub limits the rate of this operation.", SLOWER),
  429002: row("ThrottleBacklogLimitExceeded", "The hub has too many requests waiting.", SLOWER),
  429003: row("ThrottlingBacklogTimeout", "A request waited in the hub for too long.", SLOWER),
  429004: row("ThrottlingMaxActiveJobCountExceeded", "The hub runs as many jobs as it may.", REPORT),
  429005: row("DeviceThrottlingLimitExceeded", "The hub limits this one device's rate.", SLOWER),
  500001: row("ServerError", "The hub has trouble of its own.", WAIT),
  500008: row("GenericTimeout", "The hub was too slow for its own limit.", WAIT),
  500009: row("InvalidThrottleParameter", "The hub has trouble with its own limits.", WAIT),
  503001: row("ServiceUnavailable", "The hub is not available.", WAIT),
  503003: row("PartitionNotFound", "A part of the hub is not available.", WAIT),
  503005: row("ServerBusy", "The hub is busy.", SLOWER),
  503008: row("ReceiveLinkOpensThrottled", "The hub limits how fast links are opened.", SLOWER),
  504101: row("GatewayTimeout", "The hub did not answer its own gateway in time.", WAIT),
};

const BY_NAME: ReadonlyMap<string, HubCode> = new Map(Object.values(HUB_CODES).map((code) => [code.name, code]));

/** By number or name, as a failure's `hubCode` has it. */
export function hubCodeOf(code: string | undefined): HubCode | undefined {
  return code === undefined ? undefined : (HUB_CODES[Number(code)] ?? BY_NAME.get(code));
}

function row(name: string, meaning: string, nextStep: string): HubCode {
  return { name, meaning, nextStep };
}
