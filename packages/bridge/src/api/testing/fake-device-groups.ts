/** Groups in memory, for the fake directory. */
import type { DeviceGroup } from "../../core/device-group.ts";
import type { DeviceGroups } from "../../core/directory.ts";

interface StoredGroup {
  name: string;
  description: string;
  readonly createdAt: number;
}

export interface FakeDeviceGroups extends DeviceGroups {
  put(productId: number, deviceId: string, names: readonly string[]): void;
  of(deviceId: string): readonly string[];
  leave(deviceId: string): void;
}

export function fakeDeviceGroups(now: () => number): FakeDeviceGroups {
  const groups = new Map<number, StoredGroup[]>();
  const members = new Map<string, { readonly productId: number; names: readonly string[] }>();
  const inProduct = (productId: number): StoredGroup[] => {
    const found = groups.get(productId) ?? [];
    groups.set(productId, found);
    return found;
  };
  const find = (productId: number, name: string): StoredGroup | undefined =>
    inProduct(productId).find((group) => group.name === name);
  const rename = (productId: number, change: (names: readonly string[]) => readonly string[]): void => {
    for (const member of members.values()) if (member.productId === productId) member.names = change(member.names);
  };

  return {
    put(productId, deviceId, names) {
      for (const name of names) {
        if (find(productId, name) === undefined) {
          inProduct(productId).push({ name, description: "", createdAt: now() });
        }
      }
      members.set(deviceId, { productId, names: [...new Set(names)].toSorted() });
    },
    of: (deviceId) => members.get(deviceId)?.names ?? [],
    leave: (deviceId) => void members.delete(deviceId),
    async groupsIn(productId): Promise<readonly DeviceGroup[]> {
      const counted = inProduct(productId).map((group) => ({
        ...group,
        deviceCount: [...members.values()].filter(
          (member) => member.productId === productId && member.names.includes(group.name),
        ).length,
      }));
      return counted.toSorted((a, b) => a.name.localeCompare(b.name));
    },
    async createGroup(productId, input) {
      if (find(productId, input.name) !== undefined) return false;
      inProduct(productId).push({ ...input, createdAt: now() });
      return true;
    },
    async updateGroup(productId, name, change) {
      const group = find(productId, name);
      if (group === undefined) return "unknown";
      const next = change.name ?? name;
      if (next !== name && find(productId, next) !== undefined) return "taken";
      group.name = next;
      group.description = change.description ?? group.description;
      rename(productId, (names) => names.map((each) => (each === name ? next : each)));
      return "updated";
    },
    async deleteGroup(productId, name) {
      const group = find(productId, name);
      if (group === undefined) return false;
      inProduct(productId).splice(inProduct(productId).indexOf(group), 1);
      rename(productId, (names) => names.filter((each) => each !== name));
      return true;
    },
  };
}
