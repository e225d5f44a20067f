/** Creates identities in one hub: a few at once, and none for a while after the registry has said that it is too much. */
import type { Clock } from "../core/clock.ts";
import { fail, type Result } from "../core/failure.ts";
import type { DeviceIdentity, HubClient } from "../core/hub-client.ts";
import { backoffMs, type Backoff, type Random } from "./backoff.ts";

/** The registry's own throttle: 100 operations a minute on the smallest hubs. */
const CREATE_RETRY: Backoff = { firstMs: 2_000, maxMs: 60_000 };
/** Identities created at once per hub: bounds sockets, leaves room for twins. */
const MAX_CREATING = 16;

export interface IdentityCreationOptions {
  readonly client: Pick<HubClient, "createIdentity">;
  readonly clock: Clock;
  readonly random: Random;
}

export class IdentityCreation {
  readonly #options: IdentityCreationOptions;
  readonly #waiting: (() => void)[] = [];
  #creating = 0;
  #failures = 0;
  /** Told apart by number, so that of many creations that fail together only one lengthens the pause. */
  #pauses = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: IdentityCreationOptions) {
    this.#options = options;
  }

  /** Fails with `create_throttled`, without asking the hub, during a pause. */
  async create(deviceId: string): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>> {
    if (this.#creating < MAX_CREATING) this.#creating += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#ask(deviceId);
    } finally {
      // The place goes to the longest waiting one, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#creating -= 1;
      else next();
    }
  }

  async #ask(deviceId: string): ReturnType<IdentityCreation["create"]> {
    const { client, clock } = this.#options;
    if (clock.elapsed() < this.#pausedUntil) return this.#paused("The hub limits how fast identities are created.");
    const pauses = this.#pauses;
    const result = await client.createIdentity(deviceId);
    if (result.ok) this.#failures = 0;
    else if (result.failure.code === "throttled") {
      if (pauses === this.#pauses) this.#pause(result.failure.notBefore);
      return this.#paused(result.failure.message);
    }
    return result;
  }

  #pause(notBefore: number | undefined): void {
    const { clock, random } = this.#options;
    this.#failures += 1;
    this.#pauses += 1;
    const wished = Math.min((notBefore ?? 0) - clock.now(), CREATE_RETRY.maxMs);
    this.#pausedUntil = clock.elapsed() + Math.max(wished, backoffMs(CREATE_RETRY, this.#failures, random));
  }

  #paused(message: string): { readonly ok: false; readonly failure: ReturnType<typeof fail>["failure"] } {
    const { clock } = this.#options;
    const notBefore = Math.ceil(clock.now() + Math.max(0, this.#pausedUntil - clock.elapsed()));
    return fail("create_throttled", message, { notBefore });
  }
}
