/** A hub as the target of deliveries: a device's identity is made before its first message. */
import type { Clock } from "../core/clock.ts";
import type { PendingDelivery } from "../core/delivery.ts";
import type { DeliveryTarget } from "../core/delivery-target.ts";
import type { Device } from "../core/device.ts";
import type { Failure, Outcome, Result } from "../core/failure.ts";
import type { HubClient, HubMessage, Hubs, KeyName } from "../core/hub-client.ts";
import type { Identities } from "../core/identities.ts";
import { hubDeviceId, type AzureIotHubIntegration, type HubConnection, type Integration } from "../core/integration.ts";
import type { Metered } from "../core/hub-meter.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/backoff.ts";
import { HubExchanges } from "./hub-exchanges.ts";
import { IdentitySync } from "./identity-sync.ts";
import { buildMessage } from "../message/hub-message.ts";
import { messageSize } from "../message/message-size.ts";
import type { Templates } from "../message/template.ts";

export interface HubTargetOptions {
  readonly connection: HubConnection;
  /** The connection as it is kept now. */
  readonly current: (id: string) => Promise<HubConnection | null>;
  readonly hubs: Pick<Hubs, "open">;
  readonly identities: Identities;
  readonly templates: Templates;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
}

export class HubTarget implements DeliveryTarget {
  readonly client: HubClient;
  readonly #options: HubTargetOptions;
  readonly #identities: IdentitySync;
  readonly #exchanges: HubExchanges;
  #connection: HubConnection;

  constructor(options: HubTargetOptions) {
    const { connection, hubs } = options;
    this.#options = options;
    this.#connection = connection;
    this.client = hubs.open(connection);
    this.#exchanges = new HubExchanges(options.clock);
    this.#identities = new IdentitySync({ ...options, connectionId: connection.id, client: this.client });
  }

  get hostName(): string {
    return this.#connection.hostName;
  }

  get warning(): Failure | null {
    return this.#identities.namesFailure;
  }

  get keyInUse(): KeyName {
    return this.client.keyInUse();
  }

  get policyName(): string {
    return this.#connection.policyName;
  }

  isReady(device: Device, integration: Integration): boolean | Promise<boolean> {
    const hub = ofHub(integration);
    return this.#identities.isKnown(inHub(device, hub), hub.nameSync === "continuous");
  }

  prepare(device: Device, integration: Integration): Promise<Result<null>> {
    const hub = ofHub(integration);
    return this.#identities.make(inHub(device, hub), hub.createIdentities);
  }

  opensFor(deviceId: string, integration: Integration): boolean {
    return !this.client.hasLink(hubDeviceId(ofHub(integration), deviceId));
  }

  async send(delivery: PendingDelivery, integration: Integration, device: Device): Promise<Outcome> {
    const hub = ofHub(integration);
    const message = buildMessage({ integration: hub, delivery, device, templates: this.#options.templates });
    if (!message.ok) return { kind: "failed", failure: message.failure };
    const id = hubDeviceId(hub, device.id);
    const startedAt = this.#options.clock.elapsed();
    const answer = await this.client.send(id, message.value);
    const outcome = answer.kind === "delivered" ? { ...answer, metered: this.#metered(message.value) } : answer;
    const sent = { integrationId: hub.id, deviceId: id, message: message.value, outcome, startedAt };
    return this.#exchanges.sample(sent);
  }

  async failed({ code }: Failure, device: Device, integration: Integration): Promise<void> {
    if (code === "identity_missing") await this.#identities.vanished(hubDeviceId(ofHub(integration), device.id));
  }

  retryWanted(deviceId: string, integration: Integration): void {
    this.#identities.forgive(hubDeviceId(ofHub(integration), deviceId));
  }

  /** What is kept of the identity was changed by somebody else than a delivery. */
  identityChanged(inHub: string): void {
    this.#identities.forget(inHub);
  }

  async renamed(device: Device, integration: Integration): Promise<void> {
    const hub = ofHub(integration);
    if (hub.nameSync === "continuous") await this.#identities.renamed(inHub(device, hub));
  }

  async refresh(): Promise<void> {
    const connection = await this.#options.current(this.#connection.id);
    if (connection === null || JSON.stringify(connection) === JSON.stringify(this.#connection)) return;
    this.#connection = connection;
    this.client.renew(connection);
    this.#options.log.info({ hub: connection.hostName, policy: connection.policyName }, "hub.keys_changed");
  }

  close(): Promise<void> {
    return this.client.close();
  }

  #metered(message: HubMessage): Metered {
    return { connectionId: this.#connection.id, bytes: messageSize(message).bytes };
  }
}

/** The hub's client, where the target is a hub. */
export function hubClientOf(target: DeliveryTarget | undefined): HubClient | undefined {
  return target instanceof HubTarget ? target.client : undefined;
}

/** Lines to hubs carry hubs' integrations only. */
function ofHub(integration: Integration): AzureIotHubIntegration {
  if (integration.type !== "AzureIotHub") throw new Error(`Integration ${integration.id} has no hub.`);
  return integration;
}

/** The device as its hub knows it. */
function inHub(device: Device, integration: AzureIotHubIntegration): Device {
  const id = hubDeviceId(integration, device.id);
  return id === device.id ? device : { ...device, id };
}
