/** Reads a device's twin and takes it into the record; finds out what it means when there is none, or another one. */
import type { DeviceState } from "../../core/device-state.ts";
import { fail, succeed, type Result } from "../../core/failure.ts";
import type { HubDevice, TwinView } from "../../core/twin-hub.ts";
import { forgetTwin, takeDevice, takeMissing } from "../document/hub-answer.ts";
import { contradicts, takeTwin } from "../document/hub-change.ts";
import { inTurn } from "../state-records.ts";
import { changed, judging, missing, type DevicePushing } from "./device-pushing.ts";

/** `null`: the record is gone, or is of another hub by now. */
export async function readTwin(record: DeviceState, pushing: DevicePushing): Promise<Result<DeviceState | null>> {
  const read = await pushing.hub.twin(record.hubDeviceId);
  if (!read.ok) return read;
  const view = read.value;
  if (view !== null && record.standing.generationId !== "" && !contradicts(record, view)) {
    return succeed(await changed(record, pushing, (now) => takeTwin(now, view, judging(pushing))));
  }
  return readAnew(record, pushing);
}

/** The registry says which device it is before its twin is believed. */
async function readAnew(record: DeviceState, pushing: DevicePushing): Promise<Result<DeviceState | null>> {
  const found = await findDevice(record, pushing);
  if (!found.ok) return found;
  const device = found.value;
  const known = await changed(record, pushing, (now) => takeDevice(now, device, judging(pushing)));
  if (known === null) return succeed(null);
  const read = await pushing.hub.twin(record.hubDeviceId);
  if (!read.ok) return read;
  const view = read.value;
  if (view === null) return { ok: false, failure: missing(record) };
  return succeed(
    await changed(record, pushing, (now) => {
      const judge = judging(pushing);
      // The same device with an older twin than was seen of it, twice: what was seen was another's.
      const isAnother = isBehind(known, view) && isSeenAlike(known, now);
      return inTurn(now, [
        ...(isAnother ? [(before: DeviceState) => forgetTwin(before, judge)] : []),
        (before) => takeTwin(before, view, judge),
      ]);
    }),
  );
}

function isBehind({ desired, reported }: DeviceState, view: TwinView): boolean {
  return view.desired.version < desired.version || view.reported.version < reported.version;
}

function isSeenAlike(a: DeviceState, b: DeviceState): boolean {
  return a.desired.version === b.desired.version && a.reported.version === b.reported.version;
}

/** A device that publishes here gets the identity that it lacks; a Thing that is gone is gone. */
async function findDevice(record: DeviceState, pushing: DevicePushing): Promise<Result<HubDevice>> {
  const { hub } = pushing;
  const { hubDeviceId, reach } = record;
  const found = await hub.device(hubDeviceId);
  if (!found.ok) return found;
  if (found.value !== null) return succeed(found.value);
  if (reach === "itself") {
    await changed(record, pushing, (now) => takeMissing(now, record.standing.generationId, judging(pushing)));
    return { ok: false, failure: missing(record) };
  }
  const made = await hub.createDevice(hubDeviceId);
  if (!made.ok) return made;
  if (made.value !== "exists") return succeed(made.value);
  const again = await hub.device(hubDeviceId);
  if (!again.ok) return again;
  return again.value === null ? fail("identity_missing", missing(record).message) : succeed(again.value);
}
