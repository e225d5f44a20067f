import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WebhookClient, WebhookRequest } from "../core/webhook.ts";
import { createWebhookClient } from "./webhook-client.ts";

let target: Server;
let answer: RequestListener;
let client: WebhookClient;
let seen: number;

beforeEach(async () => {
  seen = 0;
  target = createServer((request, response) => {
    seen += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  client = createWebhookClient({ allowPrivate: () => true, answerTimeoutMs: 3_000 });
});

afterEach(async () => {
  await client.close();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

function request(about: Partial<WebhookRequest> = {}): WebhookRequest {
  const { port } = target.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/in`;
  return {
    method: "POST",
    url,
    headers: { "content-type": "text/plain" },
    body: "hello",
    rejectUnauthorized: true,
    ...about,
  };
}

test("the target gets method, headers and body, and its answer comes back whatever it is", async () => {
  answer = (incoming, response) => {
    incoming.setEncoding("utf8").once("data", (body: string) => {
      response
        .writeHead(418, { "x-kind": "teapot" })
        .end(`${incoming.method} ${incoming.headers["content-type"]} ${body}`);
    });
  };
  const result = await client.request(request({ method: "PUT" }));
  if (!result.ok) throw new Error(result.failure.message);
  expect(result.value).toMatchObject({ status: 418, headers: { "x-kind": "teapot" } });
  expect(Buffer.from(result.value.body).toString()).toBe("PUT text/plain hello");
});

test("a redirect is an answer and is not followed", async () => {
  answer = (_, response) => response.writeHead(302, { location: "/elsewhere" }).end();
  expect(await client.request(request())).toMatchObject({ ok: true, value: { status: 302 } });
  expect(seen).toBe(1);
});

describe("a target that", () => {
  test("never answers is given up", async () => {
    answer = () => undefined;
    expect(await client.request(request())).toMatchObject({ ok: false, failure: { code: "webhook_unreachable" } });
  });

  test("answers without end is heard for 100 KB", async () => {
    answer = (_, response) => {
      const piece = Buffer.alloc(16 * 1024, "x");
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    const result = await client.request(request());
    expect(result.ok && result.value.body.length).toBe(100 * 1024);
  });

  test("ends the connection is unreachable, and so is one that is not there", async () => {
    answer = ({ socket }) => socket.destroy();
    expect(await client.request(request())).toMatchObject({ ok: false, failure: { code: "webhook_unreachable" } });
    const nobody = await client.request(request({ url: "http://127.0.0.1:1/" }));
    expect(nobody).toMatchObject({ ok: false, failure: { code: "webhook_unreachable", hubCode: "ECONNREFUSED" } });
  });
});

test("a private address is refused before anything is sent, by number and by name", async () => {
  answer = (_, response) => response.end();
  const strict = createWebhookClient({ allowPrivate: () => false });
  const { port } = target.address() as AddressInfo;
  for (const host of ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]) {
    const result = await strict.request(request({ url: `http://${host}:${port}/` }));
    expect(result).toMatchObject({ ok: false, failure: { code: "webhook_address_refused" } });
  }
  expect(seen).toBe(0);
  await strict.close();
});
