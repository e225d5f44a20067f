/** Looking for devices in memory: filters, orders by id, and pages. */
import { isThing, type Device } from "../../core/device.ts";
import type { DeviceFilter, DeviceSearch } from "../../core/device-search.ts";
import type { Scope } from "../../core/integration.ts";

export function fakeDeviceSearch(devices: () => readonly Device[]): DeviceSearch {
  const fitting = ({ scopes, text, approval, kind }: DeviceFilter): readonly Device[] =>
    devices()
      .filter(
        (device) =>
          scopes.some((scope) => isIn(device, scope)) &&
          (text === null || `${device.id} ${device.name}`.toLowerCase().includes(text.toLowerCase())) &&
          (approval === null || device.approval === approval) &&
          (kind === null || isThing(device) === (kind === "thing")),
      )
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {
    async searchDevices({ after, limit, ...filter }) {
      const found = fitting(filter).filter(({ id }) => after === null || id > after.id);
      const page = found.slice(0, limit);
      return { devices: page, next: found.length > limit ? { key: null, id: page.at(-1)!.id } : null };
    },
    countDevices: async (filter) => (filter.text === null ? fitting(filter).length : null),
  };
}

function isIn(device: Device, scope: Scope): boolean {
  return scope.kind === "sandbox" ? device.ownerId === scope.accountId : device.productId === scope.productId;
}
