/** A started emulator: its ports stay open while the hub behind them may be made as new. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressesOf } from "./addresses.ts";
import type { EmulatorAddresses } from "./addresses.ts";
import { decodeStoredEvent } from "./amqp-codec/stored-event.ts";
import { encodeStoredMessage } from "./amqp-codec/stored-message.ts";
import type { EmulatorOptions } from "./emulator-options.ts";
import { openFronts } from "./fronts.ts";
import type { Fronts } from "./fronts.ts";
import { openHubPorts } from "./hub-ports.ts";
import type { HubPorts } from "./hub-ports.ts";
import { emptyHubFolder } from "./hub/journal/folder.ts";
import { Hub } from "./hub/hub.ts";
import type { JournalEntry } from "./hub/journal/journal.ts";
import { Listeners } from "./listening.ts";
import { Provisioning } from "./provisioning/provisioning.ts";
import { createBlobContainer } from "./storage/blob-container.ts";
import { createBlobStorage } from "./storage/blob-storage.ts";
import { openServerCredentials } from "./tls/development-ca.ts";
import type { ServerCredentials } from "./tls/development-ca.ts";

/** What stands at a time behind the ports. */
interface Service {
  readonly hub: Hub;
  readonly provisioning: Provisioning;
  readonly fronts: Fronts;
}

type Close = () => Promise<unknown>;

export class Running {
  readonly #options: EmulatorOptions;
  readonly #opened: Close[] = [];
  readonly #listeners = new Listeners();
  #credentials!: ServerCredentials;
  #ports!: HubPorts;
  #service!: Service;
  #addresses!: EmulatorAddresses;
  #whenReady: Promise<Service>;
  #ready: (service: Service) => void = () => undefined;
  /** Resets and the end follow one another. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(options: EmulatorOptions) {
    this.#options = options;
    this.#whenReady = this.#notReady();
  }

  /** Opens everything, or leaves nothing open and throws. */
  static async open(options: EmulatorOptions): Promise<Running> {
    const running = new Running(options);
    try {
      await running.#open();
      return running;
    } catch (error) {
      await running.close();
      throw error;
    }
  }

  get hub(): Hub {
    return this.#service.hub;
  }

  get provisioning(): Provisioning {
    return this.#service.provisioning;
  }

  get addresses(): EmulatorAddresses {
    return this.#addresses;
  }

  /** A hub as new on the same ports, with the same names, policies and certificates; every connection is ended. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      const { hub, provisioning, fronts } = this.#service;
      this.#whenReady = this.#notReady();
      await fronts.close();
      const secrets = [...hub.secrets(), ...provisioning.secrets()];
      await hub.close();
      if (this.#options.folder !== undefined) await emptyHubFolder(this.#options.folder, secrets);
      await this.#serve(secrets);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const closeOne of this.#opened.splice(0).reverse()) await closeOne();
    });
  }

  // Ports come before the folder: whoever holds them is the only one to write there. Connections wait until it is read.
  async #open(): Promise<void> {
    const { hostName = "localhost", hostNames = [], now = Date.now, folder } = this.#options;
    const tlsFolder = await this.#credentialsFolder(folder);
    this.#credentials = await openServerCredentials(tlsFolder, [hostName, ...hostNames], now());
    const closeListeners = (): Promise<void> => this.#listeners.close();
    this.#opened.push(closeListeners);
    const fronts = (): Promise<Fronts> => this.#whenReady.then((service) => service.fronts);
    this.#ports = await openHubPorts(this.#options, this.#credentials, fronts, this.#listeners);
    await this.#serve();
    this.#opened.push(() => this.#service.hub.close(), closeListeners);
    this.#opened.push(() => this.#service.fronts.close());
    this.#opened.push(() => Promise.resolve(this.#listeners.refuse()));
  }

  async #serve(secrets: readonly JournalEntry[] = []): Promise<void> {
    const { storage: connectionString, storageContainer: container, ...options } = this.#options;
    const { deviceCertificateAuthorities: authorities = [], reportFault, reportClosed } = options;
    const { ca } = this.#credentials;
    const storage = connectionString && createBlobStorage({ connectionString, ca, ...(container && { container }) });
    const hub = await Hub.open({
      ...options,
      ...(storage && { storage }),
      openContainer: (uri) => createBlobContainer(uri, { ca }),
      deviceCertificateAuthorities: authorities.map((text) => (text === "development" ? ca : text)),
      encodeEvent: encodeStoredMessage,
      secrets,
    });
    const provisioning = await Provisioning.open(hub);
    this.#addresses = addressesOf({ hub, provisioning }, this.#credentials, this.#ports);
    const site = { addresses: this.#addresses, decodeEvent: decodeStoredEvent, reset: () => this.reset() };
    const reports = { ...(reportFault && { reportFault }), ...(reportClosed && { reportClosed }) };
    const fronts = openFronts(hub, { site, provisioning, ...reports });
    this.#service = { hub, provisioning, fronts };
    this.#ready(this.#service);
  }

  // A hub in memory still needs a file that other processes can be told to trust.
  async #credentialsFolder(folder: string | undefined): Promise<string> {
    if (folder !== undefined) return join(folder, "tls");
    const temporary = await mkdtemp(join(tmpdir(), "iot-hub-emulator-"));
    this.#opened.push(() => rm(temporary, { recursive: true, force: true }));
    return temporary;
  }

  #notReady(): Promise<Service> {
    return new Promise((resolve) => (this.#ready = resolve));
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(run);
    // Whoever asked hears of a failure; the next turn only waits for its end.
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
