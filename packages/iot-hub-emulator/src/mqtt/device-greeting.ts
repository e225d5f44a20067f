/** Who a CONNECT is from: user name, client id and credentials must agree on one identity of this hub. */
import { unauthorized } from "../hub/access/authentication.ts";
import type { Principal } from "../hub/access/authentication.ts";
import type { HubError } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { DeviceIdentity } from "../hub/registry/identity.ts";
import type { Greet, Wire } from "./conversation.ts";
import { DeviceConversation } from "./device-conversation.ts";
import { struckOperation } from "./device-peer.ts";
import type { MqttLimits } from "./limits.ts";
import { MqttError } from "./packets.ts";
import type { ConnectPacket } from "./packets.ts";
import { parseUserName } from "./user-name.ts";
import type { UserName } from "./user-name.ts";

export interface DeviceGreetingOptions {
  readonly hub: Hub;
  readonly limits: MqttLimits;
  readonly reportFault: (error: HubError) => void;
}

export function createDeviceGreeting({ hub, limits, reportFault }: DeviceGreetingOptions): Greet {
  return async (connect, wire) => {
    const userName = userNameOf(hub, connect);
    await strikeConnect(hub, wire, userName);
    const { identity, principal } = await signIn(hub, connect, wire, userName);
    const { clean = true, will } = connect;
    const sessionPresent = !clean && hub.sessions.find(identity) !== undefined;
    const peer = { hub, limits, wire, reportFault, identity };
    const conversation = new DeviceConversation({ peer, principal, clean, will });
    return { conversation, sessionPresent };
  };
}

interface SignedIn {
  readonly identity: DeviceIdentity;
  readonly principal: Principal;
}

async function signIn(hub: Hub, connect: ConnectPacket, wire: Wire, userName: UserName): Promise<SignedIn> {
  const { deviceId, moduleId, modelId } = userName;
  const principal = authenticate(hub, connect, wire, userName);
  const identity = hub.requireDevice(principal, deviceId, moduleId);
  await hub.limits.spend("connect");
  if (modelId !== undefined) await hub.twins.setModelId(identity, modelId);
  return { identity, principal };
}

async function strikeConnect(hub: Hub, wire: Wire, identity: UserName): Promise<void> {
  const strike = hub.faults.strike("connect", struckOperation({ identity }));
  if (strike?.kind === "error") throw strike.error;
  if (strike?.kind === "drop") {
    const reason = new MqttError("A scripted fault cut the connection.");
    wire.cut(reason);
    throw reason;
  }
  if (strike?.kind === "delay") await strike.over;
}

function userNameOf(hub: Hub, { username = "", clientId }: ConnectPacket): UserName {
  const userName = parseUserName(username, clientId);
  if (userName === undefined) {
    throw unauthorized("The user name must be {hub}/{client id}/?api-version=…, the client id {device}[/{module}].");
  }
  const { hostName } = userName;
  if (!hub.isCalled(hostName)) throw unauthorized(`The user name is for another hub: ${hostName}.`);
  return userName;
}

// [MQTT-3.1.2-22] lets a client come without a password: it then shows a certificate.
function authenticate(hub: Hub, { password }: ConnectPacket, wire: Wire, client: UserName): Principal {
  if (password !== undefined && password.length > 0) return hub.authenticate(password.toString("utf8"), { client });
  const { deviceId, moduleId } = client;
  return hub.authenticateCertificate(wire.certificates, deviceId, moduleId);
}
