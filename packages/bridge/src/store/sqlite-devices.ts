/** Devices and their tokens in the embedded store, with the caches that every event asks. */
import type { Device, DeviceChange, DeviceDetails } from "../core/device.ts";
import type { Devices, Transfers } from "../core/directory.ts";
import { hashToken, newId, newToken } from "../core/ids.ts";
import type { Transfer } from "../core/transfer.ts";
import { Recent } from "../core/recent.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export interface SqliteDevicesOptions {
  readonly worker: GroupCommit;
  readonly now: () => number;
  /** Told after a device got another name. */
  readonly onDeviceRenamed: (deviceId: string) => void;
  /** Told after anything of a device changed, once reads see it. */
  readonly onDeviceChanged: (deviceId: string) => void;
}

export interface SqliteDevices extends Devices, Transfers {
  /** The devices of a product that is gone: what is remembered of them is not true any more. */
  productGone(deviceIds: readonly string[]): void;
  /** Changed or deleted by others. */
  devicesChanged(deviceIds: readonly string[]): void;
  /** An event of the device was stored: what the cache holds of it stays true. */
  heardFrom(deviceId: string, at: number): void;
}

export function createDevices({ worker, now, onDeviceRenamed, onDeviceChanged }: SqliteDevicesOptions): SqliteDevices {
  const devices = new Recent<string, Device>(100_000);
  const deviceTokens = new Recent<string, string>(100_000);

  async function device(id: string): Promise<Device | null> {
    const cached = devices.get(id);
    if (cached !== undefined) return cached;
    const found = await worker.call("device", id);
    if (found !== null) devices.set(id, found);
    return found;
  }

  // The cache forgets after the change is on disk; reads before it in the queue have answered by then.
  async function changing<T>(deviceIds: readonly string[], change: Promise<T>): Promise<T> {
    const result = await change;
    for (const id of deviceIds) devices.delete(id);
    for (const id of deviceIds) onDeviceChanged(id);
    return result;
  }

  // The same for changes that may take a device's tokens away.
  async function revoking<T>(deviceId: string, change: Promise<T>): Promise<T> {
    const result = await change;
    devices.delete(deviceId);
    deviceTokens.deleteWhere((id) => id === deviceId);
    onDeviceChanged(deviceId);
    return result;
  }

  return {
    heardFrom(deviceId, at) {
      const known = devices.get(deviceId);
      if (known !== undefined) devices.set(deviceId, { ...known, lastHeard: at });
    },
    productGone(deviceIds) {
      const gone = new Set(deviceIds);
      deviceTokens.deleteWhere((id) => gone.has(id));
      for (const id of deviceIds) devices.delete(id);
      for (const id of deviceIds) onDeviceChanged(id);
    },
    devicesChanged(deviceIds) {
      for (const id of deviceIds) devices.delete(id);
      for (const id of deviceIds) onDeviceChanged(id);
    },
    device,
    devicesOf(ownerId: string): Promise<readonly Device[]> {
      return worker.call("devicesOf", ownerId);
    },

    deviceByName(ownerId: string, name: string): Promise<Device | null> {
      return worker.call("deviceByName", ownerId, name);
    },

    claimDevice(ownerId: string, id: string): Promise<"claimed" | "taken"> {
      return changing([id], worker.call("claimDevice", ownerId, id, now()));
    },

    async unclaimDevice(id: string): Promise<void> {
      await revoking(id, worker.call("unclaimDevice", id, now()));
    },

    async updateDevice(id: string, change: DeviceChange): Promise<"updated" | "name_taken" | "unknown"> {
      const result = await changing([id], worker.call("updateDevice", id, change, now()));
      if (result === "updated" && change.name !== undefined) onDeviceRenamed(id);
      return result;
    },

    async deviceDetails(ids: readonly string[]): Promise<ReadonlyMap<string, DeviceDetails>> {
      return new Map(await worker.call("deviceDetails", ids));
    },

    async createDeviceToken(deviceId: string): Promise<string> {
      const token = newToken();
      await worker.call("createDeviceToken", hashToken(token), deviceId, now());
      return token;
    },

    async deviceByToken(token: string): Promise<Device | null> {
      const hash = hashToken(token);
      let deviceId = deviceTokens.get(hash);
      if (deviceId === undefined) {
        const found = await worker.call("deviceIdByToken", hash);
        if (found === null) return null;
        deviceTokens.set(hash, found);
        deviceId = found;
      }
      return device(deviceId);
    },

    async revokeDeviceTokens(deviceId: string): Promise<number> {
      return revoking(deviceId, worker.call("revokeDeviceTokens", deviceId));
    },

    devicesIn(productId: number, query: Parameters<Devices["devicesIn"]>[1]): ReturnType<Devices["devicesIn"]> {
      return worker.call("devicesIn", productId, query);
    },

    addToProduct(
      productId: number,
      ids: readonly string[],
    ): Promise<{ added: readonly string[]; nonmember: readonly string[] }> {
      return changing(ids, worker.call("addToProduct", productId, ids, now()));
    },

    admitToProduct(productId: number, id: string): Promise<Device | null> {
      return changing([id], worker.call("admitToProduct", productId, id, now()));
    },

    async setApproval(deviceId: string, approval: Device["approval"]): Promise<void> {
      await changing([deviceId], worker.call("setApproval", deviceId, approval));
    },

    async removeFromProduct(productId: number, deviceId: string): Promise<void> {
      await revoking(deviceId, worker.call("removeFromProduct", productId, deviceId, now()));
    },

    requestTransfer(deviceId: string, requesterId: string): Promise<Transfer | null> {
      return worker.call("requestTransfer", newId(), deviceId, requesterId, now());
    },

    transfersOf(accountId: string): Promise<readonly Transfer[]> {
      return worker.call("transfersOf", accountId);
    },

    transfer(id: string): Promise<Transfer | null> {
      return worker.call("transfer", id);
    },

    async acceptTransfer(id: string): Promise<boolean> {
      const deviceId = await worker.call("acceptTransfer", id, now());
      if (deviceId === null) return false;
      await revoking(deviceId, Promise.resolve());
      return true;
    },

    refuseTransfer(id: string): Promise<boolean> {
      return worker.call("refuseTransfer", id);
    },
  };
}
