/** TEST of an integration: tried for real, bounded in time and number, and tidied up after, whatever happens. */
import { endsWithin, systemClock, type Clock } from "../core/clock.ts";
import type { Device } from "../core/device.ts";
import type { Failure } from "../core/failure.ts";
import type { Hubs } from "../core/hub-client.ts";
import type { Identities } from "../core/identities.ts";
import { newId } from "../core/ids.ts";
import { hubDeviceId, type HubConnection, type Integration } from "../core/integration.ts";
import type { TestIntegration, TestReport, TestRequest } from "../core/integration-test.ts";
import type { Log } from "../core/log.ts";
import { buildMessage } from "../message/hub-message.ts";
import { madeUpEvent } from "../message/made-up-event.ts";
import { Templates } from "../message/template.ts";
import type { TestIdentities } from "../core/test-identities.ts";
import { ArrivalWatch } from "./arrival-watch.ts";
import { TestCleanUp } from "./test-clean-up.ts";
import { reportOf, TestSteps } from "./test-steps.ts";

/** Clients wait a minute for the answer. */
const DEADLINE_MS = 50_000;
/** Each opens connections of its own. */
const MAX_RUNNING = 16;

export interface IntegrationTestsOptions {
  readonly directory: {
    integration(id: string): Promise<Integration | null>;
    connection(id: string): Promise<HubConnection | null>;
    device(id: string): Promise<Device | null>;
  };
  readonly hubs: Hubs;
  readonly identities: Pick<Identities, "identity">;
  readonly notes: TestIdentities;
  readonly log: Log;
  readonly clock?: Clock;
}

/** A test under way. */
interface Begun {
  /** Ends when nothing of it is left in the hub that could be removed. */
  readonly taken: Promise<void>;
  readonly report: (ended: Failure | null) => TestReport;
}

export class IntegrationTests {
  readonly #options: IntegrationTestsOptions;
  readonly #clock: Clock;
  readonly #arrivals: ArrivalWatch;
  readonly #cleanUp: TestCleanUp;
  /** Tests as the same device run one after the other: the first must not remove the identity under the second. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  #places = MAX_RUNNING;

  constructor(options: IntegrationTestsOptions) {
    const { directory, hubs, identities, notes, log, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#arrivals = new ArrivalWatch(hubs, clock);
    const connection = (id: string): Promise<HubConnection | null> => directory.connection(id);
    this.#cleanUp = new TestCleanUp({ notes, identities, connection, hubs, log });
  }

  /** Removes what tests left behind when the process ended under them. */
  start(): void {
    void this.#track(this.#cleanUp.sweep());
  }

  /** Waits for what is under way. What is not done by then is removed after the next start. */
  async stop(graceMs = 5_000): Promise<void> {
    await endsWithin(this.#clock, graceMs, Promise.allSettled(this.#running));
  }

  readonly run: TestIntegration = async (request) => {
    if (this.#places === 0) return "busy";
    this.#places -= 1;
    let begun: Begun | null = null;
    try {
      begun = await this.#begin(request);
      const inTime = await endsWithin(this.#clock, DEADLINE_MS, begun.taken);
      return begun.report(inTime ? null : NOT_IN_TIME);
    } finally {
      // A test that was given up keeps its place until it has ended.
      void this.#freePlace(begun?.taken);
    }
  };

  async #freePlace(taken: Promise<void> = Promise.resolve()): Promise<void> {
    await Promise.allSettled([taken]);
    this.#places += 1;
  }

  async #begin(request: TestRequest): Promise<Begun> {
    const { directory } = this.#options;
    const integration = await directory.integration(request.integrationId);
    if (integration?.type !== "AzureIotHub") throw new Error(`Integration ${request.integrationId} has no hub.`);
    const connection = await directory.connection(integration.connectionId);
    if (connection === null) throw new Error(`Integration ${request.integrationId} has no connection.`);
    const device = request.deviceId === undefined ? null : await directory.device(request.deviceId);
    // Without a device a reserved identity is used and removed again, so that no stray one stays in the hub.
    const ownId = device?.id ?? `isthmus-test-${newId()}`;
    const { data, eventName: name = integration.event } = request;
    const now = this.#clock.now();
    const event = madeUpEvent({ name, data, scope: integration.scope, device, deviceId: ownId, now });
    const templates = new Templates();
    const owner = device ?? { ownerId: null };
    const message = buildMessage({ integration, delivery: { event, seq: 0 }, device: owner, templates });
    if (!message.ok) {
      const rendering = [{ name: "render the template", failure: message.failure }];
      const report = (): TestReport => ({ ...reportOf(rendering, null), sent: null, arrival: null });
      return { taken: Promise.resolve(), report };
    }
    const deviceId = device === null ? ownId : hubDeviceId(integration, ownId);
    // A client of its own: the test must not be answered by a connection that was opened with better luck.
    const client = this.#options.hubs.open(connection);
    const tools = { client, arrivals: this.#arrivals, cleanUp: this.#cleanUp };
    const steps = new TestSteps({ integration, connection, device, deviceId, message: message.value, ...tools });
    const takeAll = async (): Promise<void> => {
      try {
        await this.#inTurn(`${connection.id} ${deviceId}`, () => steps.take());
      } finally {
        await client.close();
      }
    };
    const taken = takeAll();
    void this.#track(taken);
    return { taken, report: (ended) => steps.report(ended) };
  }

  #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
    this.#turns.set(key, turn);
    void this.#endTurn(key, turn);
    return turn;
  }

  async #endTurn(key: string, turn: Promise<void>): Promise<void> {
    await Promise.allSettled([turn]);
    if (this.#turns.get(key) === turn) this.#turns.delete(key);
  }

  async #track(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    await Promise.allSettled([work]);
    this.#running.delete(work);
  }
}

const NOT_IN_TIME: Failure = {
  code: "outcome_unknown",
  message: `The test did not end within ${DEADLINE_MS / 1_000} s. What it made in the hub is removed as soon as the hub answers.`,
};
