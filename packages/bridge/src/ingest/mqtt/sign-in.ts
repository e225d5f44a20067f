/** Who connects: a device by its id and its token. */
import type { Device } from "../../core/device.ts";
import type { Devices } from "../../core/directory.ts";
import type { ConnectPacket } from "./packets.ts";
import type { Refusal } from "./refusals.ts";

export interface SignedIn {
  readonly device: Device;
  /** Kept to look again when something about the device has changed. */
  readonly token: string;
}

const MAX_TOKEN_LENGTH = 256;

/** The id is the user name, or, where that is left out, the client id. Wrong id, wrong token and unknown device look the same. */
export async function signIn(
  packet: ConnectPacket,
  devices: Pick<Devices, "deviceByToken">,
): Promise<SignedIn | Refusal> {
  const { username, clientId, password } = packet;
  if (packet.properties?.authenticationMethod !== undefined) {
    return { code: "bad_authentication_method", message: "Sign in with user name and password." };
  }
  if (packet.protocolVersion === 4 && clientId === "" && packet.clean !== true) {
    return { code: "client_id_not_valid", message: "A session that is kept needs a client id." }; // [MQTT-3.1.3-8]
  }
  const id = (username === undefined || username === "" ? clientId : username).toLowerCase();
  const token = password?.toString("utf8") ?? "";
  const device = await deviceWith(token, id, devices);
  if (device === null) {
    return { code: "bad_credentials", message: "The user name must be the device's id, the password its token." };
  }
  if (device.approval === "denied") return { code: "not_authorized", message: "The device is denied." };
  return { device, token };
}

/** The device, if the token is still its own. */
export async function deviceWith(
  token: string,
  id: string,
  devices: Pick<Devices, "deviceByToken">,
): Promise<Device | null> {
  if (token === "" || token.length > MAX_TOKEN_LENGTH) return null;
  const device = await devices.deviceByToken(token);
  return device?.id === id ? device : null;
}
