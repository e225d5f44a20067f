/** Devices with all that is shown of them: what is kept, and whether they are connected now. */
import { isThing } from "../../core/device.ts";
import type { Device, DeviceDetails } from "../../core/device.ts";
import type { DeviceLink, DeviceLinks } from "../../core/device-links.ts";
import type { Directory } from "../../core/directory.ts";
import type { HubStanding } from "../../core/device-state.ts";
import type { ThingRecords } from "../../core/thing-store.ts";
import { unknownDevice } from "../api-error.ts";

export interface DeviceView {
  readonly device: Device;
  readonly details: DeviceDetails;
  /** Its present connection. */
  readonly link: DeviceLink | null;
  /** Of a Thing: how its hub sees it. `null` for devices that publish here. */
  readonly standing: HubStanding | null;
}

export interface DeviceViews {
  one(device: Device): Promise<DeviceView>;
  /** In the order given, without those that went away meanwhile. */
  many(devices: readonly Device[]): Promise<readonly DeviceView[]>;
}

export function createDeviceViews(
  directory: Pick<Directory, "deviceDetails">,
  deviceLinks: Pick<DeviceLinks, "link">,
  thingRecords: Pick<ThingRecords, "things">,
): DeviceViews {
  async function many(devices: readonly Device[]): Promise<readonly DeviceView[]> {
    const things = devices.filter(isThing).map(({ id }) => id);
    const [detailsOf, found] = await Promise.all([
      directory.deviceDetails(devices.map(({ id }) => id)),
      things.length === 0 ? [] : thingRecords.things(things),
    ]);
    const standings = new Map(found.map(({ thing, state }) => [thing.id, state.standing]));
    return devices.flatMap((device) => {
      const details = detailsOf.get(device.id);
      return details === undefined
        ? []
        : [{ device, details, link: deviceLinks.link(device.id), standing: standings.get(device.id) ?? null }];
    });
  }

  return {
    many,
    async one(device) {
      const [view] = await many([device]);
      if (view === undefined) throw unknownDevice();
      return view;
    },
  };
}

/** Unix milliseconds of the last handshake; of the last event for a device that never connected and publishes over HTTP. */
export function lastContact({ device, details, link }: DeviceView): number {
  return (link ?? details.lastLink)?.connectedAt ?? device.lastHeard ?? 0;
}
