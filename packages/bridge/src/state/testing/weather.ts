/** What stands between the bridge and its hub: how the hub answers, and how its news arrive. */
import type { Weather } from "./simulated-hub.ts";
import type { HubNews } from "./simulated-hub.ts";
import type { World } from "./world.ts";

const FAIR: Weather = { outage: false, lostBefore: 0, lostAfter: 0, throttled: 0, slow: 0 };

export function changeWeather({ dice, hub }: World): void {
  const bad = (chance: number): number => (dice.chance(0.4) ? dice.random() * chance : 0);
  Object.assign(hub.weather, {
    outage: dice.chance(0.2),
    lostBefore: bad(0.3),
    lostAfter: bad(0.5),
    throttled: bad(0.3),
    slow: bad(1),
  });
}

export function clearUp({ hub }: World): void {
  Object.assign(hub.weather, FAIR);
}

/** The hub's stream keeps the order of each kind; some news of twins never come, and some come again. */
export class NewsStreams {
  readonly #world: World;
  readonly #streams = new Map<string, { readonly news: HubNews[]; next: number }>();
  #isEnded = false;

  constructor(world: World) {
    this.#world = world;
    world.hub.onNews = (news) => this.#spread(news);
  }

  get isRead(): boolean {
    return [...this.#streams.values()].every(({ news, next }) => next === news.length);
  }

  end(): void {
    this.#isEnded = true;
  }

  #spread(news: HubNews): void {
    const { trace, dice, dropsNews } = this.#world;
    trace("hub has", news);
    if (news.kind !== "telemetry" && dice.chance(dropsNews)) return;
    const name = `${news.kind} ${news.deviceId}`;
    const known = this.#streams.get(name);
    const stream = known ?? { news: [], next: 0 };
    stream.news.push(news);
    if (known !== undefined) return;
    this.#streams.set(name, stream);
    void this.#follow(stream);
  }

  /** Reads one kind of news on and on, and some of it again. Positions are saved after the effects. */
  async #follow(stream: { readonly news: HubNews[]; next: number }): Promise<void> {
    const { dice, clock } = this.#world;
    for (;;) {
      const news = stream.news[stream.next];
      if (news === undefined) await clock.wait(50 + dice.int(200));
      else {
        if (dice.chance(0.7)) await clock.wait(dice.random() ** 3 * 3_000);
        const { life, lifeEnds } = this.#world;
        await Promise.race([this.#take(news), lifeEnds]);
        stream.next += 1;
        if (this.#world.life !== life || dice.chance(0.05)) stream.next -= dice.int(Math.min(5, stream.next)) + 1;
      }
      if (this.#isEnded) return;
    }
  }

  async #take(news: HubNews): Promise<void> {
    const { deviceId, at } = news;
    const { engine, trace, tellsGenerations } = this.#world;
    trace("told", news.kind, deviceId, at);
    if (news.kind === "telemetry") {
      const { body, sequenceNumber } = news;
      return engine.takeTelemetry("hub", [{ hubDeviceId: deviceId, body, at, sequenceNumber }]);
    }
    const section = news.kind === "desired" ? { desired: news.section } : { reported: news.section };
    const generationId = tellsGenerations ? news.generationId : null;
    const kind = news.whole ? "whole" : "patch";
    return engine.takeTwinChanges("hub", [{ hubDeviceId: deviceId, generationId, kind, at, ...section }]);
  }
}
