/** From CONNECT to a conversation: sign-in, terms, will, session, and the end of an earlier connection of the same device. */
import type { Greet, Greeting } from "./connection.ts";
import type { DoorContext } from "./context.ts";
import { DeviceConversation } from "./device-conversation.ts";
import type { ConnectPacket } from "./packets.ts";
import type { Refusal } from "./refusals.ts";
import { signIn } from "./sign-in.ts";
import type { SignedIn } from "./sign-in.ts";
import { createDeviceTopics } from "./topics.ts";
import { accepted, termsOf } from "./welcome.ts";
import { willIn } from "./will.ts";
import type { Wire } from "./wire.ts";

export function createGreet(context: DoorContext): Greet {
  return async (packet, wire) => {
    const signedIn = await signIn(packet, context.devices);
    if ("code" in signedIn) {
      context.log.debug({ address: wire.address, code: signedIn.code }, "mqtt.sign_in_refused");
      return signedIn;
    }
    return greetDevice(packet, wire, signedIn, context);
  };
}

function greetDevice(
  packet: ConnectPacket,
  wire: Wire,
  { device, token }: SignedIn,
  context: DoorContext,
): Greeting | Refusal {
  const { sessions, connected, clock, limits, traces, wills, tellStatus, log } = context;
  const topics = createDeviceTopics(device.id, limits);
  const will = willIn(packet, topics);
  if (will !== null && "code" in will) {
    log.warn({ deviceId: device.id, code: will.code, reason: will.message }, "mqtt.will_refused");
    return will;
  }
  const terms = termsOf(packet, limits);
  const begin: Greeting["begin"] = () => {
    const former = connected.get(device.id);
    // No longer the device's connection when it ends: the device itself is not gone.
    connected.delete(device.id);
    former?.end({ code: "session_taken_over", message: "The device connected again." });
    const clientId = packet.clientId === "" ? device.id : packet.clientId;
    const asked = { clientId, isClean: packet.clean === true, elapsed: clock.elapsed() };
    const { session, isPresent } = sessions.resume(device.id, asked);
    const conversation = new DeviceConversation({ context, wire, device, token, session, terms, topics, will });
    connected.set(device.id, conversation);
    wills.cameBack(device.id);
    if (former === undefined) tellStatus("online", device);
    log.info({ deviceId: device.id, address: wire.address, version: wire.version }, "mqtt.connected");
    const keepLooking = async (): Promise<void> => {
      // What changed between the look at the token and now was told to nobody.
      await conversation.lookAgain();
      conversation.tellDesired(session.subscriptions.keys());
      await traces.saveDeviceLink(device.id, conversation.link);
    };
    keepLooking().catch((error: unknown) =>
      log.warn({ deviceId: device.id, reason: String(error) }, "mqtt.link_not_kept"),
    );
    return { conversation, connack: accepted(packet, terms, { limits, isPresent, assignedId: clientId }) };
  };
  return { begin, silence: terms.silence };
}
