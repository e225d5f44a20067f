/**
 * Takes pending deliveries to their hubs.
 *
 * Every device has a lane per integration, and a lane has one delivery under way at a time: the next one leaves only when
 * the settlement of the former is on disk. That keeps the order of a device without trusting clocks, and limits what a
 * crash can repeat to one message per lane, with the same message id. Lanes run side by side, bounded per hub.
 *
 * Hub-wide trouble closes the hub's gate; a device's own trouble makes its lane wait; what the hub refuses for good is
 * parked and the lane goes on.
 */
import { endsWithin, systemClock, type Clock } from "../core/clock.ts";
import { isReplayQueue, replayQueue, type PendingDelivery } from "../core/delivery.ts";
import type { Device } from "../core/device.ts";
import { lineKey, type DeliveryTarget } from "../core/delivery-target.ts";
import type { HubClient, Hubs } from "../core/hub-client.ts";
import type { Identities } from "../core/identities.ts";
import type { AzureIotHubIntegration, HubConnection, Integration } from "../core/integration.ts";
import { hubDeviceId } from "../core/integration.ts";
import { mismatch } from "../core/matching.ts";
import type { Failure, FailureCode } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { ConnectionState, IntegrationState } from "../core/connection-state.ts";
import type { DeliveryQueue } from "../core/delivery-queue.ts";
import type { Random } from "../core/backoff.ts";
import { decisionLog } from "./decision-log.ts";
import { HubTarget, hubClientOf } from "./hub-target.ts";
import { LaneRunner } from "./lane-runner.ts";
import { Line } from "./line.ts";
import { PendingListing } from "./pending-listing.ts";
import type { Bounds, Route } from "./route.ts";
import { Routes } from "./routes.ts";
import { Templates } from "../message/template.ts";
import { WebhookTarget, WEBHOOKS_IN_FLIGHT, type WebhookTargetOptions } from "./webhook/webhook-target.ts";

/** What the dispatcher looks up. */
export interface DispatcherDirectory {
  device(id: string): Promise<Device | null>;
  integration(id: string): Promise<Integration | null>;
  allIntegrations(): Promise<readonly Integration[]>;
  connection(id: string): Promise<HubConnection | null>;
}

export interface DispatcherOptions {
  readonly queue: DeliveryQueue;
  readonly directory: DispatcherDirectory;
  readonly identities: Identities;
  readonly hubs: Hubs;
  readonly webhooks: Pick<WebhookTargetOptions, "client" | "secrets" | "onHookEvents">;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Lanes under way at once, per hub connection. */
  readonly maxInFlight?: number;
  /** Lanes and deliveries in memory, for all integrations; each gets an equal share. */
  readonly bounds?: Bounds;
  /** The least that an integration gets, however many there are. */
  readonly least?: Bounds;
}

const BOUNDS: Bounds = { lanes: 100_000, held: 50_000 };

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #clock: Clock;
  readonly #routes: Routes;
  readonly #runner: LaneRunner;
  readonly #listing: PendingListing;
  readonly #templates = new Templates();
  #changing: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: DispatcherOptions) {
    const { queue, directory, clock = systemClock, random = Math.random, bounds = BOUNDS, least } = options;
    const log = decisionLog(options.log, clock);
    this.#options = { ...options, log };
    this.#clock = clock;
    const device = (id: string): Promise<Device | null> => directory.device(id);
    this.#runner = new LaneRunner({ routes: () => this.#routes, queue, device, clock, random, log });
    this.#routes = new Routes({
      clock,
      openLine: (integration) => this.#openLine(integration, clock, random),
      deliveredOn: (id, day) => queue.deliveredOn(id, day),
      bounds,
      ...(least === undefined ? {} : { least }),
    });
    const enqueue = this.#runner.enqueue.bind(this.#runner);
    this.#listing = new PendingListing({ routes: this.#routes, queue, clock, log, enqueue });
  }

  async start(): Promise<void> {
    for (const integration of await this.#options.directory.allIntegrations()) await this.#routes.set(integration);
    this.#listing.start();
  }

  /** Starts nothing new, waits for what is under way (at most `graceMs`), closes the hubs. The rest stays pending. */
  async stop(graceMs = 5_000): Promise<void> {
    this.#stopping = true;
    this.#runner.stop();
    for (const route of this.#routes.all) for (const lane of route.lanes) lane.cancel();
    const lines = this.#routes.openLines;
    const finished = Promise.all(lines.map((line) => line.finish()));
    await endsWithin(this.#clock, graceMs, finished);
    await Promise.all(lines.map((line) => line.close()));
    // What was given up ends now as an unknown outcome; its settlement should still find the store open.
    await endsWithin(this.#clock, graceMs / 5, finished);
    await this.#listing.stop();
  }

  /** New deliveries, already on disk. */
  offer(deliveries: readonly PendingDelivery[]): void {
    for (const delivery of deliveries) {
      const route = this.#routes.route(delivery.integrationId);
      const lane = this.#stopping ? null : (route?.laneFor(delivery.event.deviceId, false) ?? null);
      if (route === undefined || lane === null) continue;
      route.offer(lane, delivery);
      if (lane.status === "idle") this.#runner.enqueue(lane);
    }
  }

  /** An integration was made, changed or deleted. Changes take effect in the order in which they are told. */
  integrationChanged(id: string): Promise<void> {
    const change = this.#changing.then(() => this.#change(id));
    this.#changing = change.catch(() => undefined);
    return change;
  }

  /**
   * Somebody asks for another try, or parked deliveries are pending again: their lanes read the store anew, in order, and
   * wait no longer. Without devices all that wait of the integration are meant.
   */
  retried(queue: string, deviceIds?: readonly string[]): void {
    const route = this.#routes.route(queue);
    if (route === undefined) return;
    for (const deviceId of deviceIds ?? waitingDevices(route)) {
      route.line?.target.retryWanted?.(deviceId, route.integration);
      const lane = route.laneFor(deviceId, true);
      if (lane === null) continue;
      route.giveBack(lane, lane.status === "busy" ? 1 : 0);
      if (lane.status === "idle" || lane.status === "waiting") this.#runner.enqueue(lane);
    }
    route.line?.gate.probeNow();
  }

  /** As `retried`, for the devices that wait after a failure with this code. */
  retriedAfter(queue: string, code: string): void {
    const route = this.#routes.route(queue);
    if (route !== undefined) this.retried(queue, waitingDevices(route, code));
  }

  /** Once in each identity of the device, however many integrations share it: a hub charges for every write. */
  async deviceRenamed(device: Device): Promise<void> {
    const written = new Set<string>();
    for (const { queue, line, integration } of this.#routes.all) {
      if (line === null || isReplayQueue(queue) || !writesName(integration, device)) continue;
      const identity = `${lineKey(integration)} ${hubDeviceId(integration, device.id)}`;
      if (written.has(identity)) continue;
      written.add(identity);
      await line.target.renamed(device, integration);
    }
  }

  connections(): readonly ConnectionState[] {
    return this.#routes.lines.map((line) => line.state);
  }

  integrationState(id: string): IntegrationState {
    const routes = this.#routes.ofIntegration(id);
    const failure = routes[0]?.holdup ?? routes[0]?.line?.state.failure ?? null;
    const devices = new Map<FailureCode, { failure: Failure; count: number; deviceId: string }>();
    for (const { deviceId, waitsFor } of routes.flatMap(({ lanes }) => [...lanes])) {
      if (waitsFor === null) continue;
      const known = devices.get(waitsFor.code);
      if (known === undefined) devices.set(waitsFor.code, { failure: waitsFor, count: 1, deviceId });
      else known.count += 1;
    }
    return { failure, devices: [...devices.values()] };
  }

  /** How much each queue keeps in memory: an integration's live deliveries by its id, replayed ones by `replayQueue`. */
  memory(): ReadonlyMap<string, Bounds> {
    return new Map(this.#routes.all.map(({ queue, size, held }) => [queue, { lanes: size, held }]));
  }

  /**
   * A hub's identity, or what is kept of it, was changed by somebody else than a delivery: what waits because of how it was
   * is tried at once.
   */
  identityChanged(connectionId: string, inHub: string): void {
    const line = this.#routes.line(connectionId);
    if (!(line?.target instanceof HubTarget)) return;
    line.target.identityChanged(inHub);
    for (const route of this.#routes.all) {
      const { queue, integration } = route;
      if (route.line !== line || integration.type !== "AzureIotHub") continue;
      const deviceId = inHub.slice(integration.deviceIdPrefix.length);
      if (hubDeviceId(integration, deviceId) !== inHub || route.lane(deviceId)?.status !== "waiting") continue;
      this.retried(queue, [deviceId]);
    }
  }

  /** The open client of a connection, for looking at its hub. */
  hubClient(connectionId: string): HubClient | undefined {
    return hubClientOf(this.#routes.line(connectionId)?.target);
  }

  async #change(id: string): Promise<void> {
    const former = this.#routes.route(id)?.line;
    const integration = await this.#options.directory.integration(id);
    const routes = integration === null ? [] : await this.#routes.set(integration);
    if (integration === null) this.#routes.delete(id);
    const queued = [id, replayQueue(id)].flatMap((queue) => former?.drain(queue) ?? []);
    const waiting = routes.flatMap(({ lanes }) => [...lanes]).filter((lane) => lane.status === "waiting");
    // What they waited for may be mended by the change.
    for (const lane of [...queued, ...waiting]) this.#runner.enqueue(lane);
    routes[0]?.line?.mended();
    this.#routes.closeUnusedLines();
  }

  async #openLine(integration: Integration, clock: Clock, random: Random): Promise<Line | null> {
    const { maxInFlight = 1_000 } = this.#options;
    const target = await this.#openTarget(integration, clock, random);
    if (target === null) return null;
    const run: ConstructorParameters<typeof Line>[0]["run"] = (...step) => this.#runner.run(...step);
    const atOnce = integration.type === "Webhook" ? Math.min(maxInFlight, WEBHOOKS_IN_FLIGHT) : maxInFlight;
    return new Line({ key: lineKey(integration), target, clock, random, maxInFlight: atOnce, run });
  }

  /** The one place that knows which kinds of targets there are. */
  async #openTarget(integration: Integration, clock: Clock, random: Random): Promise<DeliveryTarget | null> {
    const { directory, hubs, webhooks, identities, log } = this.#options;
    const current = (id: string): Promise<HubConnection | null> => directory.connection(id);
    if (integration.type === "Webhook") {
      return new WebhookTarget({ ...webhooks, integration, templates: this.#templates, clock });
    }
    const connection = await current(integration.connectionId);
    if (connection === null) return null;
    return new HubTarget({ connection, current, hubs, identities, templates: this.#templates, log, clock, random });
  }
}

/** `code`: of the failure after which they wait; absent: any. */
function waitingDevices(route: Route, code?: string): readonly string[] {
  return [...route.lanes]
    .filter(({ status, waitsFor }) => status === "waiting" && (code ?? waitsFor?.code) === waitsFor?.code)
    .map(({ deviceId }) => deviceId);
}

function writesName(integration: Integration, device: Device): integration is AzureIotHubIntegration {
  if (integration.type !== "AzureIotHub" || integration.nameSync !== "continuous") return false;
  return mismatch(integration, integration.event, device) === null;
}
