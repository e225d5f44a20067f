/** The Local Hub's model: one object that every front speaks to. It knows no sockets and no wire formats. */
import type { X509Certificate } from "node:crypto";
import { messageSize } from "iot-hub-protocol";
import type { DeviceMessage, KeyEncoding } from "iot-hub-protocol";
import { CLOCK_SKEW_MS, authenticate, holdsCredential, namesId, unauthorized } from "./access/authentication.ts";
import type { DevicePrincipal, Principal } from "./access/authentication.ts";
import { authenticateCertificate } from "./access/certificate-authentication.ts";
import { CertificateAuthorities, parseAuthorities } from "./access/certificate-authorities.ts";
import { HubClock } from "./clock/clock.ts";
import { Connections } from "./connections/connections.ts";
import { ConsumerGroups } from "./events/consumer-groups.ts";
import { DeviceQueues } from "./cloud-to-device/device-queue.ts";
import { DeviceSessions } from "./connections/device-sessions.ts";
import { Devices } from "./registry/devices.ts";
import type { DeviceRecord } from "./registry/devices.ts";
import { HubError } from "./errors.ts";
import { Faults } from "./faults/faults.ts";
import type { Strike } from "./faults/faults.ts";
import type { EventStream } from "./events/event-stream.ts";
import { FEEDBACK_TYPE, Feedback } from "./cloud-to-device/feedback.ts";
import type { DeviceIdentity, IdentityRef, LiveState } from "./registry/identity.ts";
import { FileUploads } from "./files/file-uploads.ts";
import type { BlobStorage, FileUploadOptions } from "./files/file-uploads.ts";
import { openHubFolder } from "./journal/folder.ts";
import { createMemoryJournal } from "./journal/journal.ts";
import type { Journal, JournalEntry } from "./journal/journal.ts";
import { Limits } from "./limits/limits.ts";
import { Methods } from "./methods/methods.ts";
import { openStreams } from "./events/open-streams.ts";
import { Policies } from "./access/policies.ts";
import type { Permission } from "./access/policies.ts";
import { Configurations } from "./configurations/configurations.ts";
import { Rollout } from "./configurations/rollout.ts";
import { JobHistory } from "./jobs/job-history.ts";
import { Jobs } from "./jobs/jobs.ts";
import type { OpenContainer } from "./jobs/transfer.ts";
import { Transfers } from "./jobs/transfers.ts";
import { Query } from "./query/query.ts";
import { Presence } from "./connections/presence.ts";
import { Registry, notRegistered } from "./registry/registry.ts";
import { Sequence } from "./cloud-to-device/sequence.ts";
import { ServiceQueue } from "./cloud-to-device/service-queue.ts";
import type { Streams } from "./events/streams.ts";
import { HubNotifications } from "./routing/notifications.ts";
import { MESSAGE_SOURCES } from "./routing/message-source.ts";
import { Routing } from "./routing/routing.ts";
import type { RoutingOptions } from "./routing/routing-settings.ts";
import { authMethod, eventWriter, requireAcceptable } from "./events/telemetry.ts";
import type { EncodeEvent, MessageAuthentication, MessageStamps, WriteEvents } from "./events/telemetry.ts";
import type { Tier } from "./limits/tiers.ts";
import { formatSection } from "./twins/twin.ts";
import type { JsonObject } from "./twins/twin.ts";
import { Twins } from "./twins/twins.ts";

export interface HubOptions {
  /** What clients call the hub; default `localhost`. */
  readonly hostName?: string;
  /** Further names that tokens may be made for; loopback names always are. */
  readonly hostNames?: readonly string[];
  readonly encodeEvent: EncodeEvent;
  /** Of an earlier hub whose place this one takes; a hub with a folder finds them there. */
  readonly secrets?: readonly JournalEntry[];
  /** Where everything is kept; without it the hub lives in memory and forgets. */
  readonly folder?: string;
  /** 2 to 32; default 4. With a folder it is fixed when the folder is new. */
  readonly partitionCount?: number;
  /** Memory for the newest events, in bytes; default 64 MB. */
  readonly eventMemoryBytes?: number;
  /** How long events are kept, in milliseconds; default one day. */
  readonly eventRetentionMs?: number;
  /** Size of the kept events of each stream on disk, in bytes; default 1 GB. */
  readonly eventDiskBytes?: number;
  /** PEM texts of certificate authorities whose devices are let in, besides the uploaded ones. */
  readonly deviceCertificateAuthorities?: readonly string[];
  /** Consumer groups to have besides `$Default`; with a folder they are kept. */
  readonly consumerGroups?: readonly string[];
  /** Deliveries after which a cloud-to-device message is given up, 1 to 100; default 10. */
  readonly maxDeliveryCount?: number;
  /** Where devices upload files to; nowhere when absent. */
  readonly storage?: BlobStorage;
  /** The way to containers that imports and exports name; there are none when absent. */
  readonly openContainer?: OpenContainer;
  /** Whether services are told of uploaded files; default yes. */
  readonly fileNotifications?: boolean;
  /** Routes, endpoints and enrichments; with a folder they are kept, and what is given here replaces what was kept. */
  readonly routing?: RoutingOptions;
  /** The clock below the hub's own, unix milliseconds; default the machine's. */
  readonly now?: () => number;
  /** Quotas, throttles and missing features of an edition; none when absent. */
  readonly tier?: Tier;
  /** How many units of the tier; default 1. */
  readonly units?: number;
}

interface AuthenticateOptions {
  readonly keyEncoding?: KeyEncoding;
  /** Other policies than the hub's own; what goes by the hub's name beside it has some. */
  readonly policies?: Pick<Policies, "get">;
}

const FILE_NOTIFICATION_TYPE = "application/vnd.microsoft.iothub.filenotification.json";
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

interface HubParts {
  readonly hostName: string;
  readonly hostNames: ReadonlySet<string>;
  readonly journal: Journal;
  /** Closes and lets go of all that was opened for the hub. */
  readonly release: () => Promise<void>;
  readonly policies: Policies;
  readonly devices: Devices;
  readonly certificateAuthorities: CertificateAuthorities;
  readonly streams: Streams;
  readonly consumerGroups: ConsumerGroups;
  readonly routing: Routing;
  readonly write: WriteEvents;
  readonly clock: HubClock;
  readonly limits: Limits;
  readonly maxDeliveryCount: number;
  readonly files: Pick<FileUploadOptions, "storage" | "isNotifying">;
  readonly openContainer: OpenContainer | undefined;
}

export class Hub {
  /** Keeps what is the hub's, and of what lives beside it, under names of its own. */
  readonly journal: Journal;
  readonly hostName: string;
  /** First label of the host name. */
  readonly name: string;
  /** Event Hub-compatible name: the `EntityPath` of its connection string. */
  readonly eventHubName: string;
  readonly policies: Policies;
  readonly registry: Registry;
  readonly twins: Twins;
  readonly connections: Connections;
  readonly query: Query;
  /** What is set at all devices of a condition. */
  readonly configurations: Configurations;
  /** Scheduled twin updates and method calls. */
  readonly jobs: Jobs;
  /** Imports and exports of the registry. */
  readonly transfers: Transfers;
  readonly certificateAuthorities: CertificateAuthorities;
  readonly sessions: DeviceSessions;
  /** The built-in stream. */
  readonly events: EventStream;
  /** The built-in stream and those of custom endpoints. */
  readonly streams: Streams;
  readonly consumerGroups: ConsumerGroups;
  /** Where messages go. */
  readonly routing: Routing;
  /** What happens in the hub itself, as messages. */
  readonly notifications: HubNotifications;
  /** Cloud-to-device messages. */
  readonly deviceQueues: DeviceQueues;
  /** How cloud-to-device messages ended, for services. */
  readonly feedback: ServiceQueue;
  /** Which files devices uploaded, for services. */
  readonly fileNotifications: ServiceQueue;
  readonly fileUploads: FileUploads;
  readonly methods: Methods;
  /** All of the hub goes by it. */
  readonly clock: HubClock;
  /** Unix milliseconds of the hub's clock. */
  readonly now: () => number;
  /** Trouble that tests asked for. */
  readonly faults: Faults;
  /** What the tier allows. */
  readonly limits: Limits;
  /** When this hub was opened, by its clock. */
  readonly openedAt: number;
  readonly #rollout: Rollout;
  readonly #parts: HubParts;

  private constructor(parts: HubParts) {
    this.hostName = parts.hostName;
    this.name = labelOf(parts.hostName);
    this.eventHubName = parts.streams.builtIn.name;
    this.journal = parts.journal;
    this.policies = parts.policies;
    this.clock = parts.clock;
    this.now = parts.clock.now;
    this.openedAt = this.now();
    this.limits = parts.limits;
    this.faults = new Faults({
      clock: parts.clock,
      forgetIdentity: (deviceId, moduleId) => {
        this.registry.delete({ deviceId, ...(moduleId === undefined ? {} : { moduleId }) }).catch(() => undefined);
      },
    });
    const presence = new Presence(parts.journal);
    const live = (ref: IdentityRef): LiveState => ({
      ...presence.show(ref),
      cloudToDeviceMessageCount: ref.moduleId === undefined ? this.deviceQueues.count(ref.deviceId) : 0,
    });
    this.registry = new Registry(parts.devices, this.now, live, parts.limits.maxDevices);
    this.twins = new Twins(parts.devices, this.now, live);
    this.connections = new Connections({
      presence,
      now: this.now,
      requireStanding: (principal, { deviceId, moduleId }) => this.requireDevice(principal, deviceId, moduleId),
    });
    this.registry.onChange((change) => this.connections.follow(change));
    const history = new JobHistory(parts.journal);
    this.query = new Query({
      devices: parts.devices,
      twins: this.twins,
      deviceJobs: (from) => history.from(from),
      configurationsOf: (ref) => rollout.statusesOf(ref),
    });
    this.registry.onChange((change) => this.query.follow(change));
    const { registry, query, twins } = this;
    const rollout = new Rollout({ journal: parts.journal, registry, query, twins });
    this.#rollout = rollout;
    this.configurations = new Configurations({
      journal: parts.journal,
      clock: this.clock,
      query,
      registry,
      twins,
      rollout,
    });
    this.certificateAuthorities = parts.certificateAuthorities;
    this.events = parts.streams.builtIn;
    this.streams = parts.streams;
    this.consumerGroups = parts.consumerGroups;
    this.routing = parts.routing;
    this.notifications = new HubNotifications({ hubName: this.name, clock: this.clock, routing: this.routing });
    this.notifications.follow(this);
    this.sessions = new DeviceSessions(parts.journal, this.registry);
    this.#parts = parts;
    this.clock.onJump(() => this.streams.sweep());
    const sequence = new Sequence(parts.journal);
    const queue = { journal: parts.journal, clock: this.clock, sequence };
    this.feedback = new ServiceQueue({ ...queue, name: "feedback", contentType: FEEDBACK_TYPE });
    this.fileNotifications = new ServiceQueue({
      ...queue,
      name: "file-notification",
      contentType: FILE_NOTIFICATION_TYPE,
    });
    const records = new Feedback({ ...queue, queue: this.feedback });
    this.deviceQueues = new DeviceQueues({
      ...queue,
      registry: this.registry,
      feedback: records,
      limits: parts.limits,
      maxDeliveryCount: parts.maxDeliveryCount,
    });
    this.fileUploads = new FileUploads({
      ...queue,
      ...parts.files,
      registry: this.registry,
      notifications: this.fileNotifications,
    });
    this.methods = new Methods(this.registry, this.clock);
    const { methods } = this;
    this.jobs = new Jobs({ journal: parts.journal, clock: this.clock, query, twins, methods, history });
    const { journal, openContainer } = parts;
    const transfer = { journal, clock: this.clock, query, registry, twins };
    this.transfers = new Transfers({ ...transfer, ...(openContainer && { openContainer }) });
  }

  static async open({
    hostName = "localhost",
    hostNames = [],
    encodeEvent,
    secrets = [],
    folder,
    partitionCount = 4,
    eventMemoryBytes = 64 * 1024 * 1024,
    eventRetentionMs = 24 * 3600_000,
    eventDiskBytes = 1024 * 1024 * 1024,
    consumerGroups = [],
    routing,
    deviceCertificateAuthorities = [],
    now: base = Date.now,
    tier,
    units,
    maxDeliveryCount = 10,
    storage,
    openContainer,
    fileNotifications: isNotifying = true,
  }: HubOptions): Promise<Hub> {
    const clock = new HubClock(base);
    const { now } = clock;
    const limits = new Limits({ clock, ...(tier && { tier }), ...(units !== undefined && { units }) });
    const given = deviceCertificateAuthorities.flatMap(parseAuthorities);
    const kept =
      folder === undefined
        ? undefined
        : await openHubFolder(folder, { partitionCount, diskBytes: eventDiskBytes, now: now() });
    const journal = kept?.journal ?? createMemoryJournal(secrets);
    const streams = openStreams({
      folder: kept,
      builtInName: `iothub-ehub-${labelOf(hostName)}`,
      partitionCount,
      memoryBytes: eventMemoryBytes,
      diskBytes: eventDiskBytes,
      retentionMs: eventRetentionMs,
      now,
    });
    const devices = new Devices(journal);
    const write = eventWriter(encodeEvent);
    const release = async (): Promise<void> => {
      await streams.close();
      await journal.close();
      await kept?.release();
    };
    try {
      return new Hub({
        hostName,
        hostNames: new Set([...LOOPBACK_NAMES, ...hostNames].map((name) => name.toLowerCase())),
        journal,
        release,
        policies: await Policies.open(journal),
        devices,
        certificateAuthorities: new CertificateAuthorities(journal, now, given),
        streams,
        consumerGroups: await ConsumerGroups.open(journal, consumerGroups),
        routing: await Routing.open(
          { hubName: labelOf(hostName), streams, journal, write, readTwin: (ref) => twinParts(devices.get(ref)) },
          routing,
        ),
        write,
        clock,
        limits,
        maxDeliveryCount,
        openContainer,
        files: { ...(storage && { storage }), isNotifying },
      });
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Whether clients may call the hub by this name. */
  isCalled(name: string): boolean {
    const { hostName, hostNames } = this.#parts;
    return name.toLowerCase() === hostName.toLowerCase() || hostNames.has(name.toLowerCase());
  }

  /** What a hub that takes the place of this one must know for its clients to go on: the keys of its policies. */
  secrets(): readonly JournalEntry[] {
    return this.policies.records();
  }

  /** Resolves when everything accepted is written and the folder is let go. */
  async close(): Promise<void> {
    this.clock.close();
    this.jobs.close();
    await this.#rollout.close();
    await this.transfers.close();
    await this.notifications.settled();
    await this.#parts.release();
  }

  /**
   * Verifies a SAS token's signature, expiry and resource; throws `IotHubUnauthorizedAccess`. `keyEncoding` is `text` for
   * the tokens of Event Hubs clients.
   */
  authenticate(
    token: string,
    { keyEncoding = "base64", policies = this.policies }: AuthenticateOptions = {},
  ): Principal {
    const { hostName, hostNames } = this.#parts;
    const { now } = this;
    const hasEventHub = (name: string): boolean => this.streams.find(name) !== undefined;
    const findIdentity = (deviceId: string, moduleId?: string): DeviceIdentity | undefined =>
      this.registry.find(deviceId, moduleId);
    return authenticate({ hostName, hostNames, hasEventHub, policies, findIdentity, now }, token, keyEncoding);
  }

  /**
   * The device or module that a client certificate (leaf first, then intermediates) stands for: by its registered
   * thumbprint, or by an authority of this hub and its common name, `{d}` or `{d}/{m}`. Throws `IotHubUnauthorizedAccess`.
   */
  authenticateCertificate(certificates: readonly X509Certificate[], deviceId: string, moduleId?: string): Principal {
    const { certificateAuthorities: authorities, now } = this;
    const findIdentity = (device: string, module?: string): DeviceIdentity | undefined =>
      this.registry.find(device, module);
    return authenticateCertificate({ authorities, findIdentity, now }, certificates, deviceId, moduleId);
  }

  /**
   * The principal may do this on the whole hub, or on `path` and all below it when one is given; else throws
   * `IotHubUnauthorizedAccess`. An Event Hubs token grants nothing but `ServiceConnect`.
   */
  requirePermission(principal: Principal, permission: Permission, path: string = ""): void {
    this.#requireLive(principal);
    if (principal.kind !== "policy" || !principal.permissions.has(permission)) {
      throw unauthorized(`The operation needs the permission ${permission}.`);
    }
    if (principal.resource.startsWith("sb://")) {
      if (permission === "ServiceConnect") return;
      throw unauthorized("An Event Hubs token can only read events.");
    }
    if (!coversPath(principal.resource, path)) {
      throw unauthorized("The shared access signature is for a smaller part of the hub.");
    }
  }

  /**
   * The principal may act as this device or module: by the module's own key, by the device's, or by a policy with
   * DeviceConnect whose resource covers it. Returns the module's identity when one is named. Throws
   * `IotHubUnauthorizedAccess`, `DeviceNotFound`, `ModuleNotFound` (told to a policy only) or `DeviceDisabled`.
   */
  requireDevice(principal: Principal, deviceId: string, moduleId?: string): DeviceIdentity {
    this.#requireLive(principal);
    const path = moduleId === undefined ? "" : `/modules/${moduleId}`;
    if (principal.kind === "device") this.#requireOwn(principal, deviceId, moduleId);
    else this.requirePermission(principal, "DeviceConnect", `/devices/${deviceId}${path}`);
    const device = this.registry.find(deviceId);
    if (device === undefined) throw notRegistered({ deviceId });
    if (device.status === "disabled") throw new HubError("DeviceDisabled", `Device ${deviceId} is disabled.`);
    const identity = moduleId === undefined ? device : this.registry.find(deviceId, moduleId);
    if (identity === undefined) throw notRegistered({ deviceId, ...(moduleId === undefined ? {} : { moduleId }) });
    return identity;
  }

  /**
   * Accepts device-to-cloud messages of one device, all of them or none; resolves when they are where the routes lead
   * them and, with a folder, written to its files. Throws `MessageTooLarge`, `ArgumentInvalid` or `ServiceUnavailable`.
   */
  async acceptTelemetry(
    identity: DeviceIdentity,
    messages: readonly DeviceMessage[],
    authentication: MessageAuthentication,
  ): Promise<void> {
    requireAcceptable(messages);
    if (this.limits.tier !== undefined) await this.limits.spend("telemetry", { messages: this.#blocks(messages) });
    const strike = this.faults.strike("telemetry", identity);
    if (strike !== undefined && (await this.#isLost(strike))) return;
    const { deviceId, moduleId, generationId } = identity;
    const modelId = this.#parts.devices.get(identity)?.twin.modelId;
    const stamps: MessageStamps = {
      partitionKey: deviceId,
      deviceId,
      ...(moduleId === undefined ? {} : { moduleId }),
      generationId,
      authMethod: authMethod(authentication),
      hubEnqueuedTime: this.now(),
      source: MESSAGE_SOURCES.DeviceMessages,
      ...(modelId ? { modelId } : {}),
    };
    if (this.routing.isDirect) await this.#parts.write(this.events, messages, stamps);
    else await this.routing.deliver("DeviceMessages", messages, stamps);
  }

  // A device's token covers its modules by prefix; a module's covers nothing but itself.
  #requireOwn(principal: DevicePrincipal, deviceId: string, moduleId?: string): void {
    const covers = principal.moduleId === undefined || principal.moduleId === moduleId;
    const signer = this.registry.find(principal.deviceId, principal.moduleId);
    if (!covers || principal.deviceId !== deviceId || signer?.generationId !== principal.generationId) {
      throw unauthorized("The shared access signature is for another device.");
    }
    if (!holdsCredential(signer, principal)) {
      throw unauthorized("The key or certificate that signed in is no longer that of the device.");
    }
  }

  #blocks(messages: readonly DeviceMessage[]): number {
    return messages.reduce((sum, message) => sum + this.limits.blocks(messageSize(message)), 0);
  }

  async #isLost(strike: Strike): Promise<boolean> {
    if (strike.kind === "error") throw strike.error;
    if (strike.kind === "delay") await strike.over;
    return strike.kind === "lose";
  }

  #requireLive(principal: Principal): void {
    if (principal.expiresAt + CLOCK_SKEW_MS <= this.now())
      throw unauthorized("The shared access signature or certificate has expired.");
  }
}

/** What routes can ask of a twin. */
function twinParts(record: DeviceRecord | undefined): JsonObject | undefined {
  if (record === undefined) return undefined;
  const { tags, desired, reported } = record.twin;
  return { tags, properties: { desired: formatSection(desired), reported: formatSection(reported) } };
}

/** First label of a host name. */
function labelOf(hostName: string): string {
  return hostName.split(".")[0] ?? hostName;
}

/** Whether `{host}[/path]` of a token covers a path of the hub, by whole segments. */
function coversPath(resource: string, path: string): boolean {
  const have = resource.split("/").slice(1);
  const want = path.split("/").slice(1);
  return have.length <= want.length && have.every((segment, i) => namesId(segment, want[i] ?? ""));
}
