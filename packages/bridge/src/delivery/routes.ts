/** The integrations at work and the lines to their targets. Integrations with the same connection share a line. */
import type { Clock } from "../core/clock.ts";
import { lineKey } from "../core/delivery-target.ts";
import type { Integration } from "../core/integration.ts";
import type { Line } from "./line.ts";
import { LANE_WINDOW, type Lane } from "./lane.ts";
import { Route, type Bounds } from "./route.ts";

/** What every integration may keep in memory, however many there are. */
const LEAST: Bounds = { lanes: 100, held: LANE_WINDOW };

export interface RoutesOptions {
  readonly clock: Clock;
  /** `null` when the integration's connection is unknown. */
  readonly openLine: (integration: Integration) => Promise<Line | null>;
  /** For all integrations together; each gets an equal share. */
  readonly bounds: Bounds;
  readonly least?: Bounds;
}

export class Routes {
  readonly #options: RoutesOptions;
  readonly #routes = new Map<string, Route>();
  readonly #lines = new Map<string, Line>();

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  get all(): readonly Route[] {
    return [...this.#routes.values()];
  }

  get lines(): readonly Line[] {
    return [...this.#lines.values()];
  }

  route(integrationId: string): Route | undefined {
    return this.#routes.get(integrationId);
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
  async set(integration: Integration): Promise<Route> {
    const line = await this.#openLine(integration);
    const known = this.#routes.get(integration.id);
    if (known === undefined) {
      const { clock } = this.#options;
      const route = new Route(integration, line, { clock, bounds: () => this.#share() });
      this.#routes.set(integration.id, route);
      return route;
    }
    known.integration = integration;
    known.line = line;
    known.unlistedAfter = "";
    known.listAgain = false;
    return known;
  }

  delete(integrationId: string): void {
    const route = this.#routes.get(integrationId);
    if (route === undefined) return;
    this.#routes.delete(integrationId);
    for (const lane of route.lanes) lane.cancel();
  }

  async closeUnusedLines(): Promise<void> {
    const used = new Set(this.all.map((route) => lineKey(route.integration)));
    for (const [id, line] of this.#lines) {
      if (used.has(id)) continue;
      this.#lines.delete(id);
      await line.close();
    }
  }

  async #openLine(integration: Integration): Promise<Line | null> {
    const key = lineKey(integration);
    const known = this.#lines.get(key);
    if (known !== undefined) {
      await known.target.refresh();
      return known;
    }
    const line = await this.#options.openLine(integration);
    if (line !== null) this.#lines.set(key, line);
    return line;
  }

  #share(): Bounds {
    const { bounds, least = LEAST } = this.#options;
    const count = Math.max(1, this.#routes.size);
    return {
      lanes: Math.max(least.lanes, Math.floor(bounds.lanes / count)),
      held: Math.max(least.held, Math.floor(bounds.held / count)),
    };
  }
}
