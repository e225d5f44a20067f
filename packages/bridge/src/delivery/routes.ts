/** The integrations at work and the lines to their hubs. Integrations with the same connection share a line. */
import type { Clock } from "../core/clock.ts";
import type { HubConnection, Integration } from "../core/integration.ts";
import type { HubLine } from "./hub-line.ts";
import { LANE_WINDOW, type Lane } from "./lane.ts";
import { Route, type Bounds } from "./route.ts";

/** What every integration may keep in memory, however many there are. */
const LEAST: Bounds = { lanes: 100, held: LANE_WINDOW };

export interface RoutesOptions {
  readonly clock: Clock;
  readonly connection: (id: string) => Promise<HubConnection | null>;
  readonly openLine: (connection: HubConnection) => HubLine;
  /** For all integrations together; each gets an equal share. */
  readonly bounds: Bounds;
  readonly least?: Bounds;
}

export class Routes {
  readonly #options: RoutesOptions;
  readonly #routes = new Map<string, Route>();
  readonly #lines = new Map<string, HubLine>();

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  get all(): readonly Route[] {
    return [...this.#routes.values()];
  }

  get lines(): readonly HubLine[] {
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

  line(connectionId: string): HubLine | undefined {
    return this.#lines.get(connectionId);
  }

  /** Adds an integration, or puts a changed one in its place; its pending deliveries are listed anew. */
  async set(integration: Integration): Promise<Route> {
    const line = await this.#openLine(integration.connectionId);
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
    const used = new Set(this.all.map((route) => route.integration.connectionId));
    for (const [id, line] of this.#lines) {
      if (used.has(id)) continue;
      this.#lines.delete(id);
      await line.close();
    }
  }

  async #openLine(connectionId: string): Promise<HubLine | null> {
    const known = this.#lines.get(connectionId);
    if (known !== undefined) return known;
    const connection = await this.#options.connection(connectionId);
    if (connection === null) return null;
    const line = this.#options.openLine(connection);
    this.#lines.set(connectionId, line);
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
