/** The Local Hub's model: one object that every front speaks to. It knows no sockets and no wire formats. */
import type { X509Certificate } from "node:crypto";
import type { DeviceMessage } from "iot-hub-protocol";
import { Access } from "./access/access.ts";
import type { AuthenticateOptions } from "./access/access.ts";
import type { Principal } from "./access/authentication.ts";
import type { CertificateAuthorities } from "./access/certificate-authorities.ts";
import type { Permission, Policies } from "./access/policies.ts";
import type { HubClock } from "./clock/clock.ts";
import type { DeviceQueues } from "./cloud-to-device/device-queue.ts";
import { openQueues } from "./cloud-to-device/queues.ts";
import type { ServiceQueue } from "./cloud-to-device/service-queue.ts";
import type { Configurations } from "./configurations/configurations.ts";
import { Connections } from "./connections/connections.ts";
import { DeviceSessions } from "./connections/device-sessions.ts";
import { Presence } from "./connections/presence.ts";
import type { ConsumerGroups } from "./events/consumer-groups.ts";
import type { EventStream } from "./events/event-stream.ts";
import { Reception } from "./events/reception.ts";
import type { Streams } from "./events/streams.ts";
import type { MessageAuthentication } from "./events/telemetry.ts";
import { Faults } from "./faults/faults.ts";
import { FileUploads } from "./files/file-uploads.ts";
import { openDeviceManagement } from "./device-management.ts";
import type { DeviceManagement } from "./device-management.ts";
import type { HubOptions } from "./hub-options.ts";
import { labelOf, openHubParts } from "./hub-parts.ts";
import type { HubParts } from "./hub-parts.ts";
import type { Jobs } from "./jobs/jobs.ts";
import type { Transfers } from "./jobs/transfers.ts";
import type { Journal, JournalEntry } from "./journal/journal.ts";
import type { Limits } from "./limits/limits.ts";
import { Methods } from "./methods/methods.ts";
import type { Query } from "./query/query.ts";
import { refOf } from "./registry/identity.ts";
import type { DeviceIdentity, IdentityRef, LiveState } from "./registry/identity.ts";
import { Registry } from "./registry/registry.ts";
import { HubNotifications } from "./routing/notifications.ts";
import type { Routing } from "./routing/routing.ts";
import { Twins } from "./twins/twins.ts";

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
  /** Scripted faults: what tests want to fail, and how. */
  readonly faults: Faults;
  /** What the tier allows. */
  readonly limits: Limits;
  /** When this hub was opened, by its clock. */
  readonly openedAt: number;
  readonly #management: DeviceManagement;
  readonly #access: Access;
  readonly #reception: Reception;
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
        // An identity that is gone already is what the fault wants.
        this.registry.delete(refOf({ deviceId, moduleId })).catch(() => undefined);
      },
    });
    const presence = new Presence(parts.journal);
    const live = (ref: IdentityRef): LiveState => ({
      ...presence.show(ref),
      cloudToDeviceMessageCount: ref.moduleId === undefined ? this.deviceQueues.count(ref.deviceId) : 0,
    });
    this.registry = new Registry(parts.devices, this.now, live, () => parts.limits.maxDevices);
    this.twins = new Twins(parts.devices, this.now, live);
    this.connections = new Connections({
      presence,
      now: this.now,
      requireStanding: (principal, { deviceId, moduleId }) => this.requireDevice(principal, deviceId, moduleId),
    });
    this.registry.onChange((change) => this.connections.follow(change));
    this.methods = new Methods(this.registry, this.clock);
    const { registry, twins, methods } = this;
    this.#management = openDeviceManagement({ ...parts, registry, twins, methods });
    this.query = this.#management.query;
    this.configurations = this.#management.configurations;
    this.jobs = this.#management.jobs;
    this.transfers = this.#management.transfers;
    this.certificateAuthorities = parts.certificateAuthorities;
    this.events = parts.streams.builtIn;
    this.streams = parts.streams;
    this.consumerGroups = parts.consumerGroups;
    this.routing = parts.routing;
    this.notifications = new HubNotifications({ hubName: this.name, clock: this.clock, routing: this.routing });
    this.notifications.follow(this);
    this.sessions = new DeviceSessions(parts.journal, this.registry);
    const { hostName, hostNames, policies, certificateAuthorities: authorities } = parts;
    this.#access = new Access({
      hostName,
      hostNames,
      policies,
      authorities,
      hasEventHub: (name) => parts.streams.find(name) !== undefined,
      registry: this.registry,
      now: this.now,
    });
    this.#reception = new Reception({ ...parts, events: this.events, faults: this.faults, now: this.now });
    this.#parts = parts;
    this.clock.onJump(() => this.streams.sweep());
    const { deviceQueues, feedback, fileNotifications } = openQueues({ ...parts, registry });
    this.deviceQueues = deviceQueues;
    this.feedback = feedback;
    this.fileNotifications = fileNotifications;
    const { journal, clock, files } = parts;
    this.fileUploads = new FileUploads({ journal, clock, registry, notifications: fileNotifications, ...files });
  }

  static async open(options: HubOptions): Promise<Hub> {
    return new Hub(await openHubParts(options));
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
    await this.#management.close();
    await this.notifications.settled();
    await this.#parts.release();
  }

  /**
   * Verifies a SAS token's signature, expiry and resource; throws `IotHubUnauthorizedAccess`. `keyEncoding` is `text` for
   * the tokens of Event Hubs clients.
   */
  authenticate(token: string, options?: AuthenticateOptions): Principal {
    return this.#access.authenticate(token, options);
  }

  /** A policy by its bare key, for Event Hubs clients. Throws `IotHubUnauthorizedAccess`. */
  authenticateKey(policyName: string, key: string): Principal {
    return this.#access.authenticateKey(policyName, key);
  }

  /** The device or module that a client certificate (leaf first, then intermediates) stands for; throws `IotHubUnauthorizedAccess`. */
  authenticateCertificate(certificates: readonly X509Certificate[], deviceId: string, moduleId?: string): Principal {
    return this.#access.authenticateCertificate(certificates, deviceId, moduleId);
  }

  /** Whether the policy that a principal signed in by still has the key; a device's own keys are followed elsewhere. */
  holdsKey(principal: Principal): boolean {
    return this.#access.holdsKey(principal);
  }

  /** Throws `IotHubUnauthorizedAccess` unless the principal may do this on the whole hub, or on `path` and all below it. */
  requirePermission(principal: Principal, permission: Permission, path?: string): void {
    this.#access.requirePermission(principal, permission, path);
  }

  /**
   * The identity of the device or module that the principal may act as. Throws `IotHubUnauthorizedAccess`,
   * `DeviceNotFound`, `ModuleNotFound` (told to a policy only) or `DeviceDisabled`.
   */
  requireDevice(principal: Principal, deviceId: string, moduleId?: string): DeviceIdentity {
    return this.#access.requireDevice(principal, deviceId, moduleId);
  }

  /**
   * Accepts device-to-cloud messages of one device, all of them or none; resolves when they are where the routes lead
   * them and, with a folder, written to its files. Throws `MessageTooLarge`, `ArgumentInvalid` or `ServiceUnavailable`.
   */
  acceptTelemetry(
    identity: DeviceIdentity,
    messages: readonly DeviceMessage[],
    authentication: MessageAuthentication,
  ): Promise<void> {
    return this.#reception.accept(identity, messages, authentication);
  }
}
