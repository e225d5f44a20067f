/** Who a CONNECT is from: user name, client id and credentials must agree on one identity of this hub. */
import { unauthorized } from "../hub/authentication.ts";
import type { Principal } from "../hub/authentication.ts";
import type { Hub } from "../hub/hub.ts";
import type { Greet, Wire } from "./conversation.ts";
import { DeviceConversation } from "./device-conversation.ts";
import type { MqttLimits } from "./limits.ts";
import type { ConnectPacket } from "./packets.ts";
import { parseUserName } from "./user-name.ts";
import type { UserName } from "./user-name.ts";

export function createDeviceGreeting(hub: Hub, limits: MqttLimits): Greet {
  return async (connect, wire) => {
    const userName = userNameOf(hub, connect);
    const { deviceId, moduleId, modelId } = userName;
    const principal = authenticate(hub, connect, wire, userName);
    const identity = hub.requireDevice(principal, deviceId, moduleId);
    if (modelId !== undefined) await hub.twins.setModelId(identity, modelId);
    const { clean = true, will } = connect;
    if (clean) await hub.sessions.forget(identity);
    const session = clean ? undefined : hub.sessions.find(identity);
    const conversation = new DeviceConversation({ hub, limits, wire, principal, identity, session, clean, will });
    return { conversation, sessionPresent: session !== undefined };
  };
}

function userNameOf(hub: Hub, { username = "", clientId }: ConnectPacket): UserName {
  const userName = parseUserName(username);
  if (userName === undefined) {
    throw unauthorized("The user name must be {hub}/{device}[/{module}]/?api-version=… .");
  }
  const { hostName, deviceId, moduleId } = userName;
  if (!hub.isCalled(hostName)) throw unauthorized(`The user name is for another hub: ${hostName}.`);
  const expected = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
  if (clientId !== expected) throw unauthorized(`The client id must be ${expected}, as in the user name.`);
  return userName;
}

// [MQTT-3.1.2-22] lets a client come without a password: it then shows a certificate.
function authenticate(hub: Hub, { password }: ConnectPacket, wire: Wire, { deviceId, moduleId }: UserName): Principal {
  if (password !== undefined && password.length > 0) return hub.authenticate(password.toString("utf8"));
  return hub.authenticateCertificate(wire.certificates, deviceId, moduleId);
}
