/**
 * Requests that no honest client sends, to every route there is: the hub answers each with a reason, none is its own fault,
 * and it serves others all the while. Set HTTP_CASES for a longer run.
 */
import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { makeSharedAccessSignature } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { END_OF_TIME } from "../hub/clock/clock.ts";
import type { HubError } from "../hub/errors.ts";
import { generatedRequest, KEY } from "../testing/generated-requests.ts";
import type { Credentials, RawRequest } from "../testing/generated-requests.ts";
import { generator, mutateBytes, pick } from "../testing/generator.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { memoryInUse } from "../testing/memory.ts";
import { HUB_ROUTES } from "./front.ts";
import { provisioningRoutes } from "./provisioning.ts";

const CASES = Number(process.env["HTTP_CASES"] ?? 3_000);
const AT_ONCE = 24;
/** Ends the connections of all others here, and moves the time that their tokens go by. */
const LEFT_OUT: readonly string[] = ["POST /admin/reset", "POST /admin/clock"];

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(hub: LocalHub, agent: Agent, raw: RawRequest): Promise<Answer> {
  const { addresses } = hub;
  const { method, path, headers, body } = raw;
  return new Promise((resolve, reject) => {
    const target = { host: "127.0.0.1", servername: "localhost", port: addresses.httpsPort, ca: addresses.ca, agent };
    const sent = { ...headers, "content-length": String(body.length) };
    const outgoing = request({ ...target, method, path, headers: sent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      answer.on("error", reject);
    });
    // A connection that was kept may be at its end just when it is used again.
    outgoing.on("error", (error) => (outgoing.reusedSocket ? resolve(ask(hub, agent, raw)) : reject(error)));
    outgoing.end(body);
  });
}

async function startTarget(faults: HubError[]): Promise<LocalHub> {
  const hub = await startLocalHub({ reportFault: (fault) => faults.push(fault), storage: STORAGE });
  const { registry } = hub.emulator.hub;
  for (const id of ["d0", "d1"]) await registry.create(id, {});
  await registry.create({ deviceId: "d0", moduleId: "m0" }, {});
  return hub;
}

const STORAGE = `AccountName=a;AccountKey=${KEY};BlobEndpoint=https://127.0.0.1:9/a`;

/** What a vendor's client reads of a device that it made, and what the hub has to blame itself for. */
async function stateOf(hub: LocalHub, faults: readonly HubError[]): Promise<unknown> {
  const registry = hub.registry();
  await registry.create({ deviceId: "honest" });
  const { status } = (await registry.get("honest")).responseBody;
  await registry.delete("honest");
  return { status, faults: faults.map(({ cause }) => cause) };
}

const WELL = { status: "enabled", faults: [] };

test(`${CASES} generated requests are answered with a reason`, { timeout: 3_600_000 }, async () => {
  const faults: HubError[] = [];
  await using hub = await startTarget(faults);
  const { addresses, emulator } = hub;
  const credentials: Credentials = {
    hub: hub.token(),
    admin: addresses.policies["iothubowner"] ?? "",
    provisioning: provisioningToken(addresses.provisioningConnectionString),
  };
  const routes = [...HUB_ROUTES, ...provisioningRoutes(emulator.provisioning)].filter(
    ({ method, path }) => !LEFT_OUT.includes(`${method} ${path}`),
  );
  const random = generator(31_337);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const answered = new Map<number, number>();
  let left = CASES;
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const raw = generatedRequest(random, routes, credentials);
      const { status, text } = await ask(hub, agent, raw).catch((cause: unknown) => {
        throw new Error(`${raw.method} ${raw.path} ${JSON.stringify(raw.headers)} ${raw.body.toString()}`, {
          cause,
        });
      });
      const isMute = status >= 400 && !SILENT.includes(status) && reasonOf(text) === undefined;
      expect(isMute || status === 500 ? { raw, status, text } : undefined).toBeUndefined();
      answered.set(status, (answered.get(status) ?? 0) + 1);
    }
  };
  const run = async (cases: number): Promise<void> => {
    left = cases;
    await Promise.all(Array.from({ length: AT_ONCE }, client));
  };
  // Jobs, feedback and enrolments are kept on purpose, up to limits that are reached early on.
  await run(Math.floor(CASES / 2));
  const before = await memoryInUse();
  await run(Math.ceil(CASES / 2));
  expect((await memoryInUse()) - before).toBeLessThan(64 << 20);
  agent.destroy();
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  // Half of it is understood: otherwise this would test the parser of the paths only.
  expect(answered.get(200) ?? 0).toBeGreaterThan(CASES / 10);
  expect(await stateOf(hub, faults)).toEqual(WELL);
});

// What never gets as far as a route is refused by Node itself, which says little.
const SILENT: readonly number[] = [417, 431];

// The hub, its bulk operations and the provisioning service have a form each.
function reasonOf(text: string): unknown {
  const document = (text === "" ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
  const { Message, message, errors } = document;
  return Message ?? message ?? errors;
}

function provisioningToken(connectionString: string): string {
  const [, host = "", policyName = "", key = ""] =
    /^HostName=([^;]*);SharedAccessKeyName=([^;]*);SharedAccessKey=(.*)$/.exec(connectionString) ?? [];
  return makeSharedAccessSignature({ resource: host, key, policyName, expiry: 4_102_444_800 });
}

/** What a peer says, byte by byte: from the line to the last chunk. */
const CONVERSATIONS: readonly string[] = [
  "GET /devices?api-version=2021-04-12 HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\n\r\n",
  "POST /devices/d0/messages/events?api-version=2021-04-12 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
  "PUT /devices/d0?api-version=2021-04-12 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
  "GET /$iothub/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /page.json HTTP/1.1\r\nHost: x\r\n\r\n",
];

async function tlsTo({ addresses }: LocalHub): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: addresses.httpsPort, ca: addresses.ca, servername: "localhost" });
  socket.on("error", () => undefined).resume();
  await once(socket, "secureConnect");
  return socket;
}

test(`${Math.ceil(CASES / 20)} mutated conversations over HTTP harm nobody`, { timeout: 3_600_000 }, async () => {
  const faults: HubError[] = [];
  await using hub = await startTarget(faults);
  const random = generator(271_828);
  for (let i = 0; i < CASES / 20; i += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const socket = await tlsTo(hub);
        const bytes = mutateBytes(random, Buffer.from(pick(random, CONVERSATIONS), "latin1"));
        const over = once(socket, "close");
        socket.end(bytes);
        await over.catch(() => undefined);
      }),
    );
  }
  expect(await stateOf(hub, faults)).toEqual(WELL);
});

test("oversized headers, paths and bodies are refused", async () => {
  const faults: HubError[] = [];
  await using hub = await startTarget(faults);
  const agent = new Agent({ keepAlive: false });
  const get = { method: "GET", headers: {}, body: Buffer.alloc(0) };
  const status = async (raw: Partial<RawRequest>): Promise<number> =>
    (await ask(hub, agent, { ...get, path: "/devices?api-version=2021-04-12", ...raw })).status;
  const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`iothub-app-${i}`, "x".repeat(40)]));
  const overflow = { path: `/${"a/".repeat(20_000)}` };
  await expect(status(overflow)).resolves.toBe(431);
  await expect(status({ headers: many })).resolves.toBe(431);
  expect(await status({ path: `/${"a/".repeat(7_000)}` })).toBe(404);
  const body = Buffer.alloc(5 << 20, "[");
  const headers = { authorization: hub.token() };
  expect(await status({ method: "POST", headers, body })).toBe(413);
  expect(await status({ method: "POST", headers, body: body.subarray(0, 4 << 20) })).toBe(400);
  expect(await stateOf(hub, faults)).toEqual(WELL);
});

test("with the clock at its last date the hub still answers", async () => {
  const faults: HubError[] = [];
  await using hub = await startTarget(faults);
  const { clock, twins, deviceQueues, methods } = hub.emulator.hub;
  await deviceQueues.enqueue("d0", { body: Buffer.from("x"), properties: new Map(), ack: "full" });
  expect(() => clock.advance(END_OF_TIME + 1 - clock.now())).toThrow(/past its end/);
  clock.advance(END_OF_TIME - clock.now());
  const headers = { "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" };
  for (const path of ["clock", "dump", "faults", "throttles"]) {
    expect((await hub.send({ path: `/admin/${path}`, headers })).status).toBe(200);
  }
  expect(
    (await hub.send({ path: "/devices?api-version=2021-04-12", headers: { authorization: hub.token() } })).status,
  ).toBe(401);
  await twins.report("d0", { a: 1 });
  await deviceQueues.enqueue("d0", { body: Buffer.from("x"), properties: new Map() });
  expect(deviceQueues.receive("d0")).toMatchObject({ deliveryCount: 0 });
  const call = { methodName: "m", payload: null, responseTimeoutMs: 5000, connectTimeoutMs: 5000 };
  const called = methods.invoke({ deviceId: "d0" }, call).catch(({ errorName }: HubError) => errorName);
  clock.resume();
  expect(faults).toEqual([]);
  methods.offer({ deviceId: "d0" }, () => undefined)();
  expect(await called).toBe("DeviceConnectionClosedRemotely");
});
