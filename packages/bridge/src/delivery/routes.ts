/** The integrations at work and the lines to their targets. Integrations with the same connection share a line. */
import type { Clock } from "../core/clock.ts";
import { isReplayQueue, replayQueue } from "../core/delivery.ts";
import { lineKey } from "../core/delivery-target.ts";
import type { Integration } from "../core/integration.ts";
import type { Line } from "./line.ts";
import { DailyCap } from "./daily-cap.ts";
import { LANE_WINDOW, type Lane } from "./lane.ts";
import { Route, type Bounds } from "./route.ts";

/** What every integration may keep in memory, however many there are. */
const LEAST: Bounds = { lanes: 100, held: LANE_WINDOW };

export interface RoutesOptions {
  readonly clock: Clock;
  /** `null` when the integration's connection is unknown. */
  readonly openLine: (integration: Integration) => Promise<Line | null>;
  /** Messages of an integration that were delivered on a day. */
  readonly deliveredOn: (integrationId: string, day: string) => Promise<number>;
  /** For all integrations together; each gets an equal share. */
  readonly bounds: Bounds;
  readonly least?: Bounds;
}

function queuesOf(integrationId: string): readonly string[] {
  return [integrationId, replayQueue(integrationId)];
}

export class Routes {
  readonly #options: RoutesOptions;
  readonly #routes = new Map<string, Route>();
  readonly #lines = new Map<string, Line>();
  /** Out of use, with messages that are still under way. */
  readonly #leaving = new Set<Line>();
  /** One for each integration. */
  readonly #caps = new Map<string, DailyCap>();

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  get all(): readonly Route[] {
    return [...this.#routes.values()];
  }

  get lines(): readonly Line[] {
    return [...this.#lines.values()];
  }

  /** Those too that are about to be closed. */
  get openLines(): readonly Line[] {
    return [...this.#lines.values(), ...this.#leaving];
  }

  route(queue: string): Route | undefined {
    return this.#routes.get(queue);
  }

  /** The lane's route, unless the lane is one that was given up. */
  of(lane: Lane): Route | undefined {
    const route = this.#routes.get(lane.integrationId);
    return route?.lane(lane.deviceId) === lane ? route : undefined;
  }

  line(key: string): Line | undefined {
    return this.#lines.get(key);
  }

  /** Adds an integration, or puts a changed one in its place; its pending deliveries are listed anew. */
  async set(integration: Integration): Promise<readonly Route[]> {
    const line = await this.#openLine(integration);
    return queuesOf(integration.id).map((queue) => this.#set(queue, integration, line));
  }

  /** The routes of an integration: its live deliveries', and its replayed ones'. */
  ofIntegration(id: string): readonly Route[] {
    return queuesOf(id).flatMap((queue) => this.#routes.get(queue) ?? []);
  }

  delete(integrationId: string): void {
    for (const route of this.ofIntegration(integrationId)) {
      this.#routes.delete(route.queue);
      for (const lane of route.lanes) lane.cancel();
    }
    this.#caps.delete(integrationId);
  }

  #set(queue: string, integration: Integration, line: Line | null): Route {
    const known = this.#routes.get(queue);
    if (known === undefined) {
      const { clock } = this.#options;
      const bounds = isReplayQueue(queue) ? (): Bounds => this.#options.least ?? LEAST : (): Bounds => this.#share();
      const route = new Route(queue, integration, line, { clock, bounds, dailyCap: this.#capOf(integration.id) });
      this.#routes.set(queue, route);
      return route;
    }
    known.integration = integration;
    known.line = line;
    known.unlistedAfter = "";
    known.listAgain = false;
    known.holdup = null;
    return known;
  }

  #capOf(integrationId: string): DailyCap {
    let cap = this.#caps.get(integrationId);
    if (cap === undefined) {
      const { clock, deliveredOn } = this.#options;
      cap = new DailyCap({ clock, deliveredOn: (day) => deliveredOn(integrationId, day) });
      this.#caps.set(integrationId, cap);
    }
    return cap;
  }

  /** Lets go of lines that no integration uses any more; what is under way on them ends first. */
  closeUnusedLines(): void {
    const used = new Set(this.all.map((route) => lineKey(route.integration)));
    for (const [id, line] of this.#lines) {
      if (used.has(id)) continue;
      this.#lines.delete(id);
      this.#leaving.add(line);
      const closed = line.finish().then(() => line.close());
      void closed.catch(() => undefined).finally(() => this.#leaving.delete(line));
    }
  }

  async #openLine(integration: Integration): Promise<Line | null> {
    const key = lineKey(integration);
    const known = this.#lines.get(key);
    if (known !== undefined) {
      await known.target.refresh(integration);
      return known;
    }
    const line = await this.#options.openLine(integration);
    if (line !== null) this.#lines.set(key, line);
    return line;
  }

  #share(): Bounds {
    const { bounds, least = LEAST } = this.#options;
    const count = Math.max(1, this.#caps.size);
    return {
      lanes: Math.max(least.lanes, Math.floor(bounds.lanes / count)),
      held: Math.max(least.held, Math.floor(bounds.held / count)),
    };
  }
}
