/** Random lives of deliveries against a model: the ledger closes after every step, and nothing that waits is lost. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeliveryState, Ledger, PendingDelivery } from "../../core/delivery.ts";
import { deviceId, event, IN_USE, REFUSED } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const INTEGRATIONS = ["i1", "i2"] as const;
const DEVICES = 3;
const MINUTE = 60_000;

type Step =
  | { readonly kind: "append"; readonly device: number; readonly integrations: readonly string[] }
  | { readonly kind: "deliver" | "park" | "retry"; readonly pick: number }
  | { readonly kind: "retryParked" | "expire"; readonly integration: string }
  | { readonly kind: "prune"; readonly limit: number }
  | { readonly kind: "reopen" };

const integration = fc.constantFrom(...INTEGRATIONS);
const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("append" as const),
        device: fc.nat(DEVICES - 1),
        integrations: fc.subarray([...INTEGRATIONS]),
      }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("deliver", "park", "retry"), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("retryParked", "expire"), integration }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("prune" as const), limit: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
  ),
  { maxLength: 60 },
) as fc.Arbitrary<readonly Step[]>;

interface Expected {
  readonly delivery: PendingDelivery;
  state: DeliveryState;
}

export function describeLedger(open: OpenStore): void {
  describe("ledger", () => {
    test("closes after any sequence of operations", { timeout: 120_000 }, async () => {
      let now = 1_700_000_000_000;
      const under = await open({ now: () => now });
      try {
        let run = 0;
        await fc.assert(
          fc.asyncProperty(steps, async (life) => {
            const model = new Model(under, `r${(run += 1)}`);
            for (const step of life) {
              now += MINUTE;
              await model.take(step, now);
              const { actual, expected } = await model.compare();
              expect(actual).toEqual(expected);
            }
          }),
          { numRuns: 25 },
        );
      } finally {
        await under.dispose();
      }
    });
  });
}

/** What a store should hold after the steps so far. Runs share a store; each has integrations of its own. */
class Model {
  readonly #under: StoreUnderTest;
  readonly #run: string;
  readonly #all: Expected[] = [];
  /** What operations counted, and what they should have. */
  readonly #counts: [actual: number, expected: number][] = [];

  constructor(under: StoreUnderTest, run: string) {
    this.#under = under;
    this.#run = run;
  }

  get #store(): Store {
    return this.#under.store;
  }

  async take(step: Step, now: number): Promise<void> {
    switch (step.kind) {
      case "append": {
        const ids = step.integrations.map((id) => this.#own(id));
        const one = event({ deviceId: deviceId(step.device), receivedAt: now });
        for (const delivery of await this.#store.append(one, ids)) this.#all.push({ delivery, state: "pending" });
        return;
      }
      case "deliver":
      case "park":
      case "retry":
        return this.#settle(step.kind, step.pick, now);
      case "retryParked": {
        const parked = this.#of(step.integration, "parked");
        const { count } = await this.#store.retry(this.#own(step.integration), { kind: "all" });
        this.#counts.push([count, parked.length]);
        for (const one of parked) one.state = "pending";
        return;
      }
      case "expire": {
        const left = [...this.#of(step.integration, "pending"), ...this.#of(step.integration, "parked")];
        this.#counts.push([await this.#store.expirePending(this.#own(step.integration)), left.length]);
        for (const one of left) one.state = "expired";
        return;
      }
      case "prune":
        await this.#store.prune(now - 5 * MINUTE, step.limit);
        return;
      case "reopen":
        await this.#under.reopen();
        return;
    }
  }

  /** What the store holds and what it should: ledgers, and each lane's waiting deliveries, read as the rows they are. */
  async compare(): Promise<{ readonly actual: unknown[]; readonly expected: unknown[] }> {
    const actual: unknown[] = this.#counts.map(([counted]) => counted);
    const expected: unknown[] = this.#counts.map(([, right]) => right);
    for (const name of INTEGRATIONS) {
      const id = this.#own(name);
      actual.push(await this.#store.ledger(id), await this.#ids(id, "pending"), await this.#ids(id, "parked"));
      expected.push(this.#ledger(name), this.#expectedIds(name, "pending"), this.#expectedIds(name, "parked"));
      for (let device = 0; device < DEVICES; device++) {
        const isOfLane = ({ delivery }: Expected): boolean => delivery.event.deviceId === deviceId(device);
        const rows = await this.#store.pending(id, deviceId(device), 0, 1_000);
        actual.push(rows.map((row) => [row.id, row.seq, row.event]));
        const waiting = this.#of(name, "pending").filter(isOfLane);
        expected.push(waiting.map(({ delivery }) => [delivery.id, delivery.seq, delivery.event]));
        const lane = this.#all.filter((one) => one.delivery.integrationId === id && isOfLane(one));
        actual.push(lane.map(({ delivery }) => delivery.seq));
        expected.push(lane.map((_, i) => i + 1));
      }
    }
    return { actual, expected };
  }

  #ledger(name: string): Ledger {
    const count = (state: DeliveryState): number => this.#of(name, state).length;
    const [delivered, pending] = [count("delivered"), count("pending")];
    const [parked, expired] = [count("parked"), count("expired")];
    const accepted = delivered + pending + parked + expired;
    return { accepted, delivered, pending, parked, expired, erased: 0 };
  }

  async #ids(integrationId: string, state: DeliveryState): Promise<number[]> {
    return (await this.#store.page(integrationId, { state, limit: 1_000 })).records.map((record) => record.id);
  }

  #expectedIds(name: string, state: DeliveryState): number[] {
    return this.#of(name, state)
      .map(({ delivery }) => delivery.id)
      .toReversed();
  }

  async #settle(kind: "deliver" | "park" | "retry", pick: number, at: number): Promise<void> {
    const pending = this.#all.filter((one) => one.state === "pending");
    if (pending.length === 0) return;
    const one = pending[pick % pending.length]!;
    const { id, integrationId } = one.delivery;
    if (kind === "deliver") {
      await this.#store.settle({ kind: "delivered", id, integrationId, at });
      one.state = "delivered";
    } else if (kind === "park") {
      await this.#store.settle({ kind: "parked", id, integrationId, at, failure: REFUSED });
      one.state = "parked";
    } else {
      await this.#store.settle({
        kind: "retry",
        id,
        integrationId,
        at,
        failure: IN_USE,
        nextAttemptAt: at,
        attempts: 1,
      });
    }
  }

  #of(integrationName: string, state: DeliveryState): Expected[] {
    return this.#all.filter((one) => one.delivery.integrationId === this.#own(integrationName) && one.state === state);
  }

  #own(integrationName: string): string {
    return `${this.#run}-${integrationName}`;
  }
}
