import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Log } from "../../core/log.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { permissionDenied } from "../api-error.ts";
import { OpenStreams } from "./open-streams.ts";

let clock: VirtualClock;
let streams: OpenStreams;
let server: Server;
let told: string[];
let responses: ServerResponse[];
let writers: ((chunk: Buffer) => void)[];
let left: { count: number };
let review: () => Promise<unknown>;
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = new VirtualClock();
  told = [];
  const log = { warn: (_fields: object, name: string) => void told.push(name) } as unknown as Log;
  streams = new OpenStreams({ log, clock });
  responses = [];
  writers = [];
  left = { count: 0 };
  const here = left;
  review = () => Promise.resolve();
  server = createServer((_request, response) => {
    responses.push(response);
    const listen = (write: (chunk: Buffer) => void): (() => void) => {
      writers.push(write);
      return () => (here.count += 1);
    };
    streams.open({ response, headers: { "x-more": "kept" }, review: () => review(), listen });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A listener by hand: its text so far, or a socket that does not read. */
async function listener(reads = true): Promise<{ readonly socket: Socket; text: string }> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  const heard = { socket, text: "" };
  const count = responses.length;
  if (reads) socket.on("data", (data: Buffer) => (heard.text += data.toString()));
  else socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => responses.length > count);
  return heard;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test("a stream begins with a comment, so that its client knows it is connected", async () => {
  const heard = await listener();
  await until(() => heard.text.includes(":ok"));
  expect(heard.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(heard.text).toMatch(/x-more: kept\r\n/);
  expect(heard.text).toMatch(/content-type: text\/event-stream/);
  expect(heard.text).toMatch(/:ok\n\n/);
});

test("every stream hears a newline at least every nine seconds", async () => {
  const all: { readonly text: string }[] = [];
  const newlines = (): number[] => all.map(({ text }) => text.split("1\r\n\n\r\n").length - 1);
  for (let i = 0; i < 20; i++) all.push(await listener());
  await clock.advance(500);
  for (let round = 1; round <= 3; round++) {
    await clock.advance(8_000);
    await until(() => newlines().every((count) => count >= round));
    expect(newlines()).toEqual(all.map(() => round));
  }
});

test("who leaves is forgotten, and with the last one the timer goes", async () => {
  const [first, second] = [await listener(), await listener()];
  first.socket.destroy();
  await until(() => left.count === 1);
  expect(streams.size).toBe(1);
  second.socket.destroy();
  await until(() => left.count === 2);
  expect(streams.size).toBe(0);
  while (await clock.step());
  expect(clock.elapsed()).toBeLessThanOrEqual(1_000);
});

test("a listener that does not read is let go, and nobody else notices", async () => {
  const slow = await listener(false);
  const quick = await listener();
  const chunk = Buffer.alloc(64 * 1024, 46);
  for (let i = 0; i < 1_000 && left.count === 0; i++) {
    for (const write of writers) write(chunk);
    await until(() => responses[1]!.writableLength === 0);
  }
  expect(told).toEqual(["stream.dropped"]);
  expect(slow.socket.destroyed || responses[0]!.destroyed).toBe(true);
  expect(responses[1]!.destroyed).toBe(false);
  expect(quick.text.length).toBeGreaterThan(1024 * 1024);
});

test("who may not listen any more is let go when asked for, and at the next sign of life", async () => {
  const heard = await listener();
  const ended = once(heard.socket, "end");
  await streams.review();
  expect(responses[0]!.writableEnded).toBe(false);
  review = () => Promise.reject(permissionDenied("not any more"));
  await streams.review();
  await ended;
  const second = await listener();
  const secondEnded = once(second.socket, "end");
  await clock.advance(9_000);
  await secondEnded;
});

test("trouble with finding out ends no stream", async () => {
  await listener();
  review = () => Promise.reject(new Error("the disk"));
  await streams.review();
  await clock.advance(20_000);
  expect(responses[0]!.writableEnded).toBe(false);
});

test("one that was told to go and does not read is cut off a round later", async () => {
  await listener(false);
  const [response] = responses;
  // More than the system holds for it, and less than what counts as too slow.
  while (response!.writableLength < 512 * 1024) {
    writers[0]!(Buffer.alloc(64 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
  }
  streams.stop();
  expect(response!.writableFinished).toBe(false);
  await clock.advance(9_000);
  expect(response!.destroyed).toBe(true);
});
