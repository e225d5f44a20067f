/** Shared access signatures of Azure Storage (version 2018-11-09): query strings that let their holder do something for a time. */
import { createHmac } from "node:crypto";
import type { StorageAccount } from "./storage-account.ts";

const VERSION = "2018-11-09";

/** May read and write one blob. `expiresAt` is in unix milliseconds of the storage's clock; the name is not encoded. */
export function blobAccess(account: StorageAccount, container: string, blob: string, expiresAt: number): string {
  const [permissions, expiry] = ["rw", dateOf(expiresAt)];
  const resource = `/blob/${account.name}/${container}/${blob}`;
  // In their order: start, identifier, addresses, protocols, snapshot and headers of the answer stay empty.
  const text = [permissions, "", expiry, resource, "", "", "", VERSION, "b", "", "", "", "", "", ""].join("\n");
  return new URLSearchParams({
    sv: VERSION,
    sr: "b",
    sig: sign(account, text),
    se: expiry,
    sp: permissions,
  }).toString();
}

/** May create containers. */
export function containerCreation(account: StorageAccount, expiresAt: number): string {
  const [permissions, services, types, expiry] = ["c", "b", "c", dateOf(expiresAt)];
  // Start, addresses and protocols stay empty; the text ends with a line's end.
  const text = [account.name, permissions, services, types, "", expiry, "", "", VERSION, ""].join("\n");
  const sig = sign(account, text);
  return new URLSearchParams({ sv: VERSION, ss: services, srt: types, sp: permissions, se: expiry, sig }).toString();
}

function sign({ key }: StorageAccount, text: string): string {
  return createHmac("sha256", Buffer.from(key, "base64")).update(text, "utf8").digest("base64");
}

// The service knows no fractions of seconds here.
function dateOf(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+/, "");
}
