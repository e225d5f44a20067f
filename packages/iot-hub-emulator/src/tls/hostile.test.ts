/** Client certificates that are odd: they let nobody in, on any port, and harm nobody. */
import { once } from "node:events";
import { request } from "node:https";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { Message } from "azure-iot-device";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import type { HubError } from "../hub/errors.ts";
import { makeAuthority, makeDeviceCertificate } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { issueDevice } from "./certificate.ts";
import type { IssuedCertificate } from "./certificate.ts";

const DAY_MS = 24 * 3600_000;
const at = (days: number): Date => new Date(Date.now() + days * DAY_MS);

interface Shown {
  readonly leaf: IssuedCertificate;
  /** What is sent after the leaf. */
  readonly issuers?: readonly IssuedCertificate[];
}

async function longChain(): Promise<Shown> {
  let issuer = await makeAuthority("root");
  const issuers = [issuer];
  for (let i = 0; i < 20; i++) issuers.unshift((issuer = await makeAuthority(`a${i}`, issuer)));
  return { leaf: await makeDeviceCertificate("d", issuer), issuers };
}

const ODD: Readonly<Record<string, () => Promise<Shown>>> = {
  "an expired one": async () => ({ leaf: await issueDevice("d", { from: at(-9), until: at(-1) }) }),
  "one that is not valid yet": async () => ({ leaf: await issueDevice("d", { from: at(1), until: at(9) }) }),
  "one valid from 1950 to 2999": async () => ({
    leaf: await issueDevice("d", { from: new Date("1950-01-01"), until: new Date("2999-12-31") }),
  }),
  "one that ends before it begins": async () => ({ leaf: await issueDevice("d", { from: at(9), until: at(-9) }) }),
  "a name with a slash": async () => ({ leaf: await makeDeviceCertificate("d/m") }),
  "a name with letters of all the world": async () => ({ leaf: await makeDeviceCertificate("dé漢🎉") }),
  "a name of a prototype": async () => ({ leaf: await makeDeviceCertificate("__proto__") }),
  "an authority itself": async () => ({ leaf: await makeAuthority("d") }),
  "an authority of another": async () => ({ leaf: await makeDeviceCertificate("d", await makeAuthority("other")) }),
  "issuers that issued nothing here": async () => ({
    leaf: await makeDeviceCertificate("d"),
    issuers: [await makeAuthority("d"), await makeAuthority("x")],
  }),
  "itself as its issuer, again and again": async () => {
    const leaf = await makeDeviceCertificate("d");
    return { leaf, issuers: [leaf, leaf, leaf] };
  },
  "twenty issuers": longChain,
};

test.each(Object.entries(ODD))("%s is refused and does no harm", async (_what, make) => {
  const faults: HubError[] = [];
  await using hub = await startLocalHub({
    reportFault: (fault) => faults.push(fault),
    deviceCertificateAuthorities: [(await makeAuthority("trusted")).certificate],
  });
  const { registry } = hub.emulator.hub;
  await registry.create("d", { authentication: { type: "certificateAuthority" } });
  await registry.create("honest", {});
  const shown = await make();
  expect(await overHttps(hub, shown)).toBe(401);
  // CONNACK, not authorized.
  expect((await overMqtt(hub, shown)).toString("hex")).toBe("20020005");
  const amqp = await tlsTo(hub, hub.addresses.amqpsPort, shown);
  amqp.write("AMQP\x00\x01\x00\x00", "latin1");
  expect((await once(amqp, "data"))[0]).toEqual(Buffer.from("AMQP\x00\x01\x00\x00", "latin1"));
  amqp.destroy();
  await hub.device("honest").sendEvent(new Message("well"));
  expect(faults).toEqual([]);
});

function credentialsOf({ addresses }: LocalHub, { leaf, issuers = [] }: Shown): object {
  const cert = [leaf, ...issuers].map(({ certificate }) => certificate).join("\n");
  return { host: "127.0.0.1", servername: "localhost", ca: addresses.ca, cert, key: leaf.privateKey };
}

async function tlsTo(hub: LocalHub, port: number, shown: Shown): Promise<TLSSocket> {
  const socket = connect({ ...credentialsOf(hub, shown), port });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

function overHttps(hub: LocalHub, shown: Shown): Promise<number> {
  const path = "/devices/d/messages/events?api-version=2021-04-12";
  return new Promise((resolve, reject) => {
    const target = { ...credentialsOf(hub, shown), port: hub.addresses.httpsPort, agent: false as const };
    const outgoing = request({ ...target, method: "POST", path }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    outgoing.on("error", reject);
    outgoing.end("x");
  });
}

async function overMqtt(hub: LocalHub, shown: Shown): Promise<Buffer> {
  const socket = await tlsTo(hub, hub.addresses.mqttsPort, shown);
  const username = `${hub.addresses.hostName}/d/?api-version=2021-04-12`;
  const heard = once(socket, "data") as Promise<[Buffer]>;
  socket.write(
    generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId: "d",
      keepalive: 9,
      username,
    }),
  );
  const [answer] = await heard;
  socket.destroy();
  return answer;
}
