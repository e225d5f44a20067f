/**
 * The steps of a TEST: what a first event would do with the hub, one after the other. Each needs one permission of the
 * policy, so that the steps tell the permissions apart.
 */
import type { Device } from "../core/device.ts";
import { FAILURES, type Failure, type FailureCode, type Result } from "../core/failure.ts";
import type { HubClient, HubMessage } from "../core/hub-client.ts";
import type { AzureIotHubIntegration, HubConnection } from "../core/integration.ts";
import type { Arrival, TestReport, TestStep } from "../core/integration-test.ts";
import type { ArrivalWatch, Watch } from "./arrival-watch.ts";
import type { TestCleanUp } from "./test-clean-up.ts";

export interface TestRun {
  readonly integration: AzureIotHubIntegration;
  readonly connection: HubConnection;
  /** `null`: a reserved identity stands in for a device. */
  readonly device: Device | null;
  /** In the hub. */
  readonly deviceId: string;
  readonly message: HubMessage;
  readonly client: HubClient;
  readonly arrivals: ArrivalWatch;
  readonly cleanUp: TestCleanUp;
}

interface Taken {
  readonly name: string;
  readonly failure: Failure | null;
}

/** Each with the permission that it proves. */
const STEPS = {
  create: "create the device identity (registry write)",
  read: "read the device identity (registry read)",
  twin: "write the name to the twin (service connect)",
  send: "send a device-to-cloud message (device connect)",
} as const;

/** Failures of a creation that say nothing about whether the identity is there now. */
const MAY_BE_MADE: ReadonlySet<FailureCode> = new Set(["hub_unreachable", "hub_error", "outcome_unknown", "throttled"]);

export class TestSteps {
  readonly #run: TestRun;
  readonly #taken: Taken[] = [];
  #keyIsRight = false;
  #arrival: Arrival | null = null;
  /** Removes what the test has made. */
  #tidy: () => Promise<void> = async () => undefined;

  constructor(run: TestRun) {
    this.#run = run;
  }

  /** What is known so far; `ended`: why the test was given up, if it was. */
  report(ended: Failure | null = null): TestReport {
    const { deviceId, message } = this.#run;
    const taken = this.#keyIsRight ? this.#taken.map(asMissingPermission) : this.#taken;
    return { ...reportOf(taken, ended), sent: { deviceId, message }, arrival: this.#arrival };
  }

  /** Rejects only where the store cannot be read or written. Nothing of it stays in the hub. */
  async take(): Promise<void> {
    const { integration, arrivals, connection, message } = this.#run;
    const watch = arrivals.watch(connection, message.messageId);
    try {
      const isSent = integration.createIdentities ? await this.#asNewDevice(watch) : await this.#asKnownDevice(watch);
      if (isSent) this.#arrival = await watch.arrival();
    } finally {
      watch.stop();
      await this.#tidy();
    }
  }

  async #asNewDevice(watch: Watch): Promise<boolean> {
    const { client, connection, cleanUp, device, deviceId } = this.#run;
    const identity = { connectionId: connection.id, deviceId };
    await cleanUp.begin(identity);
    const created = await client.createIdentity(deviceId);
    const mayBeOurs = created.ok ? created.value.created : device === null && MAY_BE_MADE.has(created.failure.code);
    if (!mayBeOurs) await cleanUp.keep(identity);
    else this.#tidy = async () => this.#removed(created.ok, await cleanUp.remove(client, identity));
    this.#step(STEPS.create, created);
    if (!created.ok && !isRefusal(created.failure)) return false;
    this.#step(STEPS.read, await client.getIdentity(deviceId));
    if (created.ok) this.#step(STEPS.twin, await this.#touchTwin(created.value.created));
    return this.#send(watch, created.ok);
  }

  /** The hub's identities are somebody else's work: the test makes none and changes none. */
  async #asKnownDevice(watch: Watch): Promise<boolean> {
    const { client, device, deviceId } = this.#run;
    if (device === null) {
      const message = "The integration makes no identities: test it as a device that the hub has (device_id).";
      this.#taken.push({ name: "choose a device", failure: { code: "identity_not_created", message } });
      return false;
    }
    const isSent = await this.#send(watch, true);
    this.#step("read the twin (service connect)", await client.getTwin(deviceId));
    return isSent;
  }

  async #send(watch: Watch, isThere: boolean): Promise<boolean> {
    const { client, integration, deviceId, message } = this.#run;
    watch.sending();
    const outcome = await client.send(deviceId, message);
    this.#keyIsRight = outcome.kind === "delivered" || outcome.failure.code !== "key_refused";
    if (outcome.kind === "delivered") {
      this.#taken.push({ name: STEPS.send, failure: null });
      return true;
    }
    const { failure } = outcome;
    if (failure.code !== "identity_missing") this.#taken.push({ name: STEPS.send, failure });
    else if (!integration.createIdentities) {
      this.#taken.push({ name: STEPS.send, failure: { ...failure, code: "identity_not_created" } });
    } else if (isThere) this.#taken.push({ name: STEPS.send, failure });
    // Without an identity to send as, the answer still has told a wrong key from a missing permission.
    return false;
  }

  /** Needs the permission that naming needs, and changes nothing that an event would not change. */
  #touchTwin(isNew: boolean): Promise<Result<unknown>> {
    const { client, device, deviceId, integration } = this.#run;
    const writes = isNew || integration.nameSync === "continuous";
    if (device !== null && (device.name === null || !writes)) return client.getTwin(deviceId);
    return client.patchDesired(deviceId, { deviceName: device?.name ?? "isthmus-test" });
  }

  #step(name: string, result: Result<unknown>): void {
    this.#taken.push({ name, failure: result.ok ? null : result.failure });
  }

  #removed(isKnownToBeThere: boolean, removed: Result<null>): void {
    // Where nobody knows whether there was one, the creation's failure is what the user must see.
    if (isKnownToBeThere) this.#step(`remove the test identity ${this.#run.deviceId}`, removed);
  }
}

/** Of the steps that were taken and, if the test was given up, why. */
export function reportOf(taken: readonly Taken[], ended: Failure | null): Omit<TestReport, "sent" | "arrival"> {
  const failed = taken.find((step) => step.failure !== null);
  const first = failed?.failure ?? null;
  const failure = first === null ? ended : { ...first, message: `Could not ${failed?.name}: ${first.message}` };
  return { pass: failure === null, failure, steps: taken.map(stepOf) };
}

function stepOf({ name, failure }: Taken): TestStep {
  const message = failure === null ? "ok" : `${failure.message} ${FAILURES[failure.code].nextStep}`;
  return { name, ok: failure === null, message };
}

/** The hub was reached and said no to this policy: the other permissions are worth trying. */
function isRefusal({ code }: Failure): boolean {
  return code === "key_refused" || code === "permission_missing";
}

// Over REST a hub answers 401 to a wrong key and to a missing permission alike; AMQP has shown that the key is right.
function asMissingPermission(step: Taken): Taken {
  if (step.failure?.code !== "key_refused") return step;
  return { ...step, failure: { ...step.failure, code: "permission_missing" } };
}
