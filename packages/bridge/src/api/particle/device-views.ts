/** Devices with all that is shown of them: what is kept, and whether they are connected now. */
import type { Device, DeviceDetails } from "../../core/device.ts";
import type { DeviceLink, DeviceLinks } from "../../core/device-links.ts";
import type { Directory } from "../../core/directory.ts";
import { unknownDevice } from "../api-error.ts";

export interface DeviceView {
  readonly device: Device;
  readonly details: DeviceDetails;
  /** Its present connection. */
  readonly link: DeviceLink | null;
}

export interface DeviceViews {
  one(device: Device): Promise<DeviceView>;
  /** In the order given, without those that went away meanwhile. */
  many(devices: readonly Device[]): Promise<readonly DeviceView[]>;
}

export function createDeviceViews(
  directory: Pick<Directory, "deviceDetails">,
  deviceLinks: Pick<DeviceLinks, "link">,
): DeviceViews {
  async function many(devices: readonly Device[]): Promise<readonly DeviceView[]> {
    const detailsOf = await directory.deviceDetails(devices.map(({ id }) => id));
    return devices.flatMap((device) => {
      const details = detailsOf.get(device.id);
      return details === undefined ? [] : [{ device, details, link: deviceLinks.link(device.id) }];
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
