/** What goes with a device when it is forgotten, and what stays behind when it leaves a product. */
import { stateRows } from "./state-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceRemoval {
  /** The device, its tokens, and all that is known of it. A Thing's device in the hub is noted to be deleted there. */
  forget(deviceId: string, at: number): void;
  /** It keeps its name, notes, tokens and state, and is as approved as any other device of its owner. */
  leaveProduct(deviceId: string): void;
  /** Another account has it now: what it was like and was to be like was the former one's. */
  changeOwner(deviceId: string, at: number): void;
  /** Nobody waits for it any more. */
  endTransfers(deviceId: string): void;
}

export function deviceRemoval(transaction: Transaction): DeviceRemoval {
  const { db } = transaction;
  const states = stateRows(transaction);
  const remove = db.prepare("DELETE FROM device WHERE id = ?");
  const removeTokens = db.prepare("DELETE FROM device_token WHERE device_id = ?");
  const removeTrace = db.prepare("DELETE FROM device_trace WHERE device_id = ?");
  const removeGroups = db.prepare("DELETE FROM device_group WHERE device_id = ?");
  const removeTransfers = db.prepare("DELETE FROM device_transfer WHERE device_id = ?");
  const removeThing = db.prepare("DELETE FROM thing WHERE id = ?");
  const removeTwinChanges = db.prepare("DELETE FROM twin_change WHERE device_id = ?");
  const leave = db.prepare(
    "UPDATE device SET product_id = NULL, approval = 'approved', desired_firmware_version = NULL, development = 0 WHERE id = ?",
  );

  return {
    forget(deviceId, at) {
      // First, while it is known whose it was.
      states.forget(deviceId, at);
      for (const statement of [
        removeTokens,
        removeTrace,
        removeTwinChanges,
        removeGroups,
        removeTransfers,
        removeThing,
        remove,
      ]) {
        statement.run(deviceId);
      }
    },
    leaveProduct(deviceId) {
      removeGroups.run(deviceId);
      states.leaveHub(deviceId);
      leave.run(deviceId);
    },
    changeOwner(deviceId, at) {
      removeTokens.run(deviceId);
      removeTransfers.run(deviceId);
      removeTwinChanges.run(deviceId);
      states.forget(deviceId, at);
    },
    endTransfers: (deviceId) => void removeTransfers.run(deviceId),
  };
}
