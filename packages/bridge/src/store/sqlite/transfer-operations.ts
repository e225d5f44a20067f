/** Requests for devices that other accounts have. */
import type { Transfer } from "../../core/transfer.ts";
import { deviceRemoval } from "./device-removal.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface TransferOperations {
  requestTransfer(id: string, deviceId: string, requesterId: string, at: number): Transfer | null;
  transfersOf(accountId: string): Transfer[];
  transfer(id: string): Transfer | null;
  /** The device that changed hands. */
  acceptTransfer(id: string, at: number): string | null;
  refuseTransfer(id: string): boolean;
}

const SELECT =
  "SELECT device_transfer.*, device.owner_id FROM device_transfer JOIN device ON device.id = device_transfer.device_id";

export function transferOperations(transaction: Transaction): TransferOperations {
  const { db } = transaction;
  const removal = deviceRemoval(transaction);
  const device = db.prepare("SELECT * FROM device WHERE id = ?");
  const product = db.prepare("SELECT owner_id FROM product WHERE id = ?");
  const account = db.prepare("SELECT id FROM account WHERE id = ?");
  const insert = db.prepare(
    "INSERT INTO device_transfer (id, device_id, requester_id, requested_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const byId = db.prepare(`${SELECT} WHERE device_transfer.id = ?`);
  const byRequest = db.prepare(`${SELECT} WHERE device_transfer.device_id = ? AND requester_id = ?`);
  const byAccount = db.prepare(
    `${SELECT} WHERE device.owner_id = ?1 OR requester_id = ?1 ORDER BY requested_at, device_transfer.id`,
  );
  const sameName = db.prepare("SELECT id FROM device WHERE owner_id = ? AND name = ?");
  const give = db.prepare("UPDATE device SET owner_id = ?, name = ? WHERE id = ?");
  const remove = db.prepare("DELETE FROM device_transfer WHERE id = ?");

  /** Somebody else's, and in no fleet of anybody else. */
  function mayAskFor(row: Row | undefined, requesterId: string): boolean {
    if (row === undefined || row["owner_id"] === null || row["owner_id"] === requesterId) return false;
    const productId = row["product_id"] as number | null;
    return productId === null || product.get(productId)?.["owner_id"] === requesterId;
  }

  const find = (id: string): Transfer | null => {
    const row = byId.get(id);
    return row === undefined ? null : toTransfer(row);
  };

  return {
    requestTransfer(id, deviceId, requesterId, at) {
      if (!mayAskFor(device.get(deviceId), requesterId)) return null;
      insert.run(id, deviceId, requesterId, at);
      return toTransfer(byRequest.get(deviceId, requesterId)!);
    },
    transfersOf: (accountId) => byAccount.all(accountId).map(toTransfer),
    transfer: find,
    acceptTransfer(id, at) {
      const transfer = find(id);
      if (transfer === null) return null;
      const { deviceId, requesterId } = transfer;
      const row = device.get(deviceId);
      if (!mayAskFor(row, requesterId) || account.get(requesterId) === undefined) return null;
      const name = row!["name"] as string | null;
      give.run(requesterId, name !== null && sameName.get(requesterId, name) !== undefined ? null : name, deviceId);
      removal.changeOwner(deviceId, at);
      return deviceId;
    },
    refuseTransfer: (id) => remove.run(id).changes === 1,
  };
}

function toTransfer(row: Row): Transfer {
  return {
    id: String(row["id"]),
    deviceId: String(row["device_id"]),
    ownerId: String(row["owner_id"]),
    requesterId: String(row["requester_id"]),
    requestedAt: Number(row["requested_at"]),
  };
}
