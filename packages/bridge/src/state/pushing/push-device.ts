/**
 * Brings one device and its twin into step: reads the twin where it is not known as it is, writes what waits, and takes in
 * what others wrote meanwhile. Whatever ends it in between, the record says what is left to do.
 */
import { backoffMs, type Backoff } from "../../core/backoff.ts";
import type { DeviceState } from "../../core/device-state.ts";
import { FAILURES, fail, type Failure, type FailureCode } from "../../core/failure.ts";
import { desiredWritten, messageSent, reportedWritten, withTrouble } from "../document/hub-answer.ts";
import { changed, judging, missing, type DevicePushing } from "./device-pushing.ts";
import { readTwin } from "./read-twin.ts";

/** Tries to write over changes of others before the device is left alone for a while. */
const TRIES = 5;
/** As the original did it. */
const MESSAGE_LIFE_MS = 24 * 60 * 60_000;

const RETRY: Backoff = { firstMs: 500, maxMs: 5 * 60_000 };
const HOURLY: Backoff = { firstMs: 60 * 60_000, maxMs: 60 * 60_000 };
const BACKOFF: Partial<Record<FailureCode, Backoff>> = {
  outcome_unknown: { firstMs: 500, maxMs: 30_000 },
  device_missing: HOURLY,
};

/** What concerns the hub as a whole is returned; `null`: in step, or the record says what is in the way of this device. */
export async function pushDevice(
  record: DeviceState,
  pushing: DevicePushing,
  mustRead: boolean,
): Promise<Failure | null> {
  try {
    const failure = await bringIntoStep(record, pushing, mustRead);
    return failure === null ? null : await noteFailure(record.deviceId, pushing, failure);
  } catch (error) {
    return noteFailure(
      record.deviceId,
      pushing,
      fail("hub_error", `The hub's answer makes no sense: ${String(error)}`).failure,
      true,
    );
  }
}

async function bringIntoStep(before: DeviceState, pushing: DevicePushing, mustRead: boolean): Promise<Failure | null> {
  const { hub } = pushing;
  let record = before;
  let mustKnow = mustRead;
  /** Of the desired section at the try before. */
  let version = -1;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (mustKnow || (record.pendingSince !== null && (record.etag === null || record.desired.version === 0))) {
      const read = await readTwin(record, pushing);
      if (!read.ok) return read.failure;
      if (read.value === null) return null;
      record = read.value;
    }
    mustKnow = false;
    const patch = record.desired.pending;
    if (patch === null) return writeRest(record, pushing);
    // What was read is older than what the stream has told meanwhile: nobody knows the etag of the twin as it is.
    if (record.etag === null) continue;
    // A device that reports all the time must not keep us from writing what nobody else writes.
    const unguarded = tries === TRIES && record.desired.version === version;
    version = record.desired.version;
    const answer = await hub.patchDesired(record.hubDeviceId, patch, unguarded ? null : record.etag);
    if (!answer.ok) return answer.failure;
    const view = answer.value;
    if (view === "changed" || view === null) mustKnow = true;
    else {
      pushing.onPushed("desired");
      const next = await changed(record, pushing, (now) => desiredWritten(now, { patch, view }, judging(pushing)));
      if (next === null) return null;
      record = next;
      if (record.desired.pending === null) return writeRest(record, pushing);
    }
  }
  return record.desired.pending === null
    ? null
    : fail("outcome_unknown", "Others write to the device's twin all the time.").failure;
}

/** What follows the desired properties. */
async function writeRest(before: DeviceState, pushing: DevicePushing): Promise<Failure | null> {
  const { hub, clock } = pushing;
  let record: DeviceState | null = before;
  const patch = record.reported.pending;
  if (patch !== null) {
    const answer = await hub.report(record.hubDeviceId, patch);
    if (!answer.ok) return answer.failure;
    const version = answer.value;
    if (version === null) return missing(record);
    pushing.onPushed("reported");
    record = await changed(record, pushing, (now) => reportedWritten(now, { patch, version }, judging(pushing)));
  }
  if (record === null || record.messageFor === null) return null;
  const { state, standing, messageFor } = record;
  if (!pushing.sendsMessages) {
    // Switched off meanwhile: one that a full queue holds up would be waited for in vain.
    await changed(record, pushing, (now) => messageSent(now, messageFor, judging(pushing)));
    return null;
  }
  const sent = await hub.sendToDevice(record.hubDeviceId, {
    // The same when it is sent again, whatever was seen meanwhile, so that the device knows it: ids are the device's own.
    messageId: `${standing.generationId}-${messageFor}`,
    body: Buffer.from(JSON.stringify(state)),
    expiresAt: clock.now() + MESSAGE_LIFE_MS,
  });
  if (!sent.ok) return ofState(sent.failure);
  pushing.onPushed("message");
  await changed(record, pushing, (now) => messageSent(now, messageFor, judging(pushing)));
  return null;
}

/** Of an event the same would be another thing to mend. */
function ofState(failure: Failure): Failure {
  return failure.code === "message_too_large" ? { ...failure, code: "state_too_large" } : failure;
}

/** Trouble of this device alone stands in its record, and holds up nobody else. */
async function noteFailure(
  deviceId: string,
  { records, clock, random }: DevicePushing,
  failure: Failure,
  isOfDevice = !concernsHub(failure),
): Promise<Failure | null> {
  const now = clock.now();
  await records.change(deviceId, (record) => {
    const attempts = (record.trouble?.attempts ?? 0) + (isOfDevice ? 1 : 0);
    const backoff = BACKOFF[failure.code] ?? (FAILURES[failure.code].verdict === "refused" ? HOURLY : RETRY);
    const wait = isOfDevice ? Math.max(backoffMs(backoff, attempts, random), (failure.notBefore ?? 0) - now) : 0;
    // The reason of a hub that is away changes nothing else of the record.
    if (!isOfDevice && record.trouble?.failure.code === failure.code) return null;
    return withTrouble(record, { failure, attempts, retryAt: Math.ceil(now + wait) }, { rule: "newest", now });
  });
  return isOfDevice ? null : failure;
}

/** A tier without twins has none for any device. */
function concernsHub({ code }: Failure): boolean {
  return FAILURES[code].scope === "hub" || code === "not_in_tier";
}
