/**
 * An integration's TEST: does with the hub, step by step, what a first event would do, and says which step failed and
 * why. Each step needs one permission of the policy, so the steps tell the permissions apart.
 */
import type { Device } from "../core/device.ts";
import { FAILURES, type Failure, type FailureCode, type Result } from "../core/failure.ts";
import type { HubClient, Hubs } from "../core/hub-client.ts";
import { newEventId, newId } from "../core/ids.ts";
import type { AzureIotHubIntegration, HubConnection, Integration } from "../core/integration.ts";
import type { TestIntegration, TestReport, TestRequest } from "../core/ports.ts";
import { buildMessage } from "../core/message.ts";
import { Templates } from "../core/template.ts";

export interface IntegrationTestOptions {
  readonly directory: {
    integration(id: string): Promise<Integration | null>;
    connection(id: string): Promise<HubConnection | null>;
    device(id: string): Promise<Device | null>;
  };
  readonly hubs: Hubs;
  readonly now: () => number;
}

interface Step {
  readonly name: string;
  readonly failure: Failure | null;
}

/** Failures of a creation that say nothing about whether the identity is there now. */
const MAY_BE_MADE: ReadonlySet<FailureCode> = new Set(["hub_unreachable", "hub_error", "outcome_unknown"]);

/** The order of the steps; each with the permission that it proves. */
const STEPS = {
  create: "create the device identity (registry write)",
  read: "read the device identity (registry read)",
  twin: "write the name to the twin (service connect)",
  send: "send a device-to-cloud message (device connect)",
} as const;

export function createIntegrationTest({ directory, hubs, now }: IntegrationTestOptions): TestIntegration {
  return async (request) => {
    const integration = await directory.integration(request.integrationId);
    const connection =
      integration?.type === "AzureIotHub" ? await directory.connection(integration.connectionId) : null;
    if (integration?.type !== "AzureIotHub" || connection === null)
      throw new Error(`There is no integration ${request.integrationId}.`);
    // A client of its own: the test must not be answered by a connection that was opened with better luck.
    const client = hubs.open(connection);
    try {
      return await runSteps(
        client,
        integration,
        request,
        request.deviceId ? await directory.device(request.deviceId) : null,
        now(),
      );
    } finally {
      await client.close();
    }
  };
}

async function runSteps(
  client: HubClient,
  integration: AzureIotHubIntegration,
  request: TestRequest,
  device: Device | null,
  at: number,
): Promise<TestReport> {
  // Without a device a reserved identity is used and removed again, so that no stray one stays in the hub.
  const deviceId = device?.id ?? `isthmus-test-${newId()}`;
  const event = {
    id: newEventId(at),
    name: integration.event,
    data: request.data,
    contentType: "text/plain;charset=utf-8",
    deviceId,
    productId: device?.productId ?? null,
    firmwareVersion: device?.firmwareVersion ?? null,
    publishedAt: at,
    receivedAt: at,
  };
  const message = buildMessage({
    integration,
    delivery: { event, seq: 0 },
    device: device ?? { ownerId: null },
    templates: new Templates(),
  });
  if (!message.ok) return report([{ name: "render the template", failure: message.failure }]);

  const steps: Step[] = [];
  const take = (name: string, result: Result<unknown>): boolean => {
    steps.push({ name, failure: result.ok ? null : result.failure });
    return result.ok;
  };
  const created = await client.createIdentity(deviceId);
  const reached = take(STEPS.create, created) || isRefusal(steps[0]?.failure ?? null);
  if (!reached) {
    // The hub may have made it all the same.
    if (device === null && !created.ok && MAY_BE_MADE.has(created.failure.code)) await remove(client, deviceId);
    return report(steps);
  }
  take(STEPS.read, await client.getIdentity(deviceId));
  if (created.ok) take(STEPS.twin, await touchTwin(client, deviceId, device));
  const sent = await client.send(deviceId, message.value);
  // Without an identity to send as, the answer still tells a wrong key from a missing permission.
  const expected = !created.ok && sent.kind === "failed" && sent.failure.code === "identity_missing";
  if (!expected) steps.push({ name: STEPS.send, failure: sent.kind === "delivered" ? null : sent.failure });
  if (created.ok && device === null) take(`remove the test identity ${deviceId}`, await remove(client, deviceId));
  const keyIsRight = sent.kind === "delivered" || sent.failure.code !== "key_refused";
  return report(keyIsRight ? steps.map(asMissingPermission) : steps);
}

/** Needs the permission that naming needs, and changes nothing for a device that has no name. */
function touchTwin(client: HubClient, deviceId: string, device: Device | null): Promise<Result<unknown>> {
  if (device !== null && device.name === null) return client.getTwin(deviceId);
  return client.patchDesired(deviceId, { deviceName: device?.name ?? "isthmus-test" });
}

/** Tried twice: nothing of the test should stay in a user's hub because of one lost answer. */
async function remove(client: HubClient, deviceId: string): Promise<Result<null>> {
  const removed = await client.deleteIdentity(deviceId);
  return removed.ok ? removed : client.deleteIdentity(deviceId);
}

/** The hub was reached and said no to this policy: the other permissions are worth trying. */
function isRefusal(failure: Failure | null): boolean {
  return failure?.code === "key_refused" || failure?.code === "permission_missing";
}

// Over REST a hub answers 401 to a wrong key and to a missing permission alike; AMQP has shown that the key is right.
function asMissingPermission(step: Step): Step {
  if (step.failure?.code !== "key_refused") return step;
  return { ...step, failure: { ...step.failure, code: "permission_missing" } };
}

function report(steps: readonly Step[]): TestReport {
  const failed = steps.find((step) => step.failure !== null);
  const failure = failed?.failure ?? null;
  return {
    pass: failure === null,
    failure: failure === null ? null : { ...failure, message: `Could not ${failed?.name}: ${failure.message}` },
    steps: steps.map(({ name, failure: why }) => ({
      name,
      ok: why === null,
      message: why === null ? "ok" : `${why.message} ${FAILURES[why.code].nextStep}`,
    })),
  };
}
