/** Ids of the provisioning service. Registration ids ignore case: `registrationKey` is what they are kept by. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { ProvisioningError } from "./errors.ts";

const REGISTRATION_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,126}[A-Za-z0-9-])?$/;

/** Refuses what is no id of a registration, an enrollment or a group. */
export function requireRegistrationId(text: unknown): string {
  if (typeof text === "string" && REGISTRATION_ID.test(text)) return text;
  const rule = "1 to 128 letters, digits or characters of - . _ : that begin and end with a letter or digit";
  throw new ProvisioningError("BadRequest", `A registration id has ${rule}.`);
}

export function registrationKey(id: string): string {
  return id.toLowerCase();
}

/** The id scope of a hub's provisioning service: the same for the same name of the hub, wherever it runs. */
export function idScopeOf(hostName: string): string {
  const digits = createHash("sha256").update(hostName.toLowerCase()).digest("hex").slice(0, 6);
  return `0ne00${digits.toUpperCase()}`;
}

/** In the form the service gives them. */
export function newOperationId(): string {
  return `4.${randomBytes(8).toString("hex")}.${randomUUID()}`;
}

export function newEtag(): string {
  return randomUUID();
}
