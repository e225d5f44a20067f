import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { JsonObject } from "../hub/twins/twin.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

interface Container extends AsyncDisposable {
  readonly uri: string;
  /** By name. */
  readonly blobs: Map<string, string>;
  /** Answers no further question until it is called. */
  hold(): () => void;
}

/** As much of blob storage as a client by SAS needs. Microsoft's own emulator judges the same in e2e. */
async function startContainer(): Promise<Container> {
  const blobs = new Map<string, string>();
  const blocks = new Map<string, Buffer>();
  let held: Promise<void> = Promise.resolve();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://storage");
    const name = decodeURIComponent(url.pathname.slice("/c/".length));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void held.then(() => {
        const comp = url.searchParams.get("comp");
        if (url.searchParams.get("sig") !== "secret") {
          response.writeHead(403, { "x-ms-error-code": "AuthenticationFailed" }).end();
        } else if (request.method === "GET") {
          const text = blobs.get(name);
          response.writeHead(text === undefined ? 404 : 200, { "x-ms-error-code": "BlobNotFound" }).end(text);
        } else if (comp === "block") {
          blocks.set(url.searchParams.get("blockid") ?? "", Buffer.concat(chunks));
          response.writeHead(201).end();
        } else {
          const ids = [
            ...Buffer.concat(chunks)
              .toString()
              .matchAll(/<Latest>(.*?)<\/Latest>/g),
          ].map(([, id = ""]) => id);
          blobs.set(name, ids.map((id) => blocks.get(id)?.toString()).join(""));
          response.writeHead(201).end();
        }
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/c?sv=2020-01-01&sig=secret`,
    blobs,
    hold() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => (release = resolve));
      return release;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function ended(hub: LocalHub, jobId: string): Promise<JsonObject> {
  const transfer = (): JsonObject => hub.emulator.hub.transfers.get(jobId);
  await expect.poll(() => transfer()["status"]).not.toBe("running");
  return transfer();
}

function lines(text: string | undefined): readonly JsonObject[] {
  return (text ?? "")
    .split("\r\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonObject);
}

test("the SDK exports the registry, and imports it elsewhere as it was", async () => {
  await using container = await startContainer();
  await using hub = await startLocalHub();
  const { registry, twins } = hub.emulator.hub;
  await registry.create(
    "a",
    { status: "disabled", statusReason: "spare" },
    twins.initial({ tags: { x: 1 }, desired: { y: 2 } }),
  );
  await registry.create({ deviceId: "a", moduleId: "m" }, {});
  await registry.create("b", {});
  const { jobId, status } = (await hub.registry().exportDevicesToBlob(container.uri, false)) as unknown as {
    jobId: string;
    status: string;
  };
  expect(status).toBe("running");
  const transfer = await ended(hub, jobId);
  expect(transfer).toMatchObject({ type: "export", status: "completed", progress: 100, excludeKeysInExport: false });
  expect(JSON.stringify(transfer)).not.toContain("secret");
  const text = container.blobs.get("devices.txt");
  expect(lines(text).map(({ id, moduleId }) => [id, moduleId])).toEqual([
    ["a", undefined],
    ["a", "m"],
    ["b", undefined],
  ]);

  await using other = await startLocalHub();
  const imported = (await other.registry().importDevicesFromBlob(container.uri, container.uri)) as unknown as {
    jobId: string;
  };
  expect(await ended(other, imported.jobId)).toMatchObject({ type: "import", status: "completed" });
  expect(container.blobs.has("importErrors.log")).toBe(false);
  const model = other.emulator.hub;
  expect(model.registry.get("a")).toMatchObject({
    status: "disabled",
    statusReason: "spare",
    authentication: registry.get("a").authentication,
  });
  expect(model.registry.find("a", "m")?.authentication).toEqual(registry.get("a", "m").authentication);
  expect(model.twins.get("a")).toMatchObject({ tags: { x: 1 }, properties: { desired: { y: 2 } } });
  expect((await other.registry().listJobs()).responseBody).toMatchObject([
    { jobId: imported.jobId, status: "completed" },
  ]);
});

test("an export without keys holds none", async () => {
  await using container = await startContainer();
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("a", {});
  const { jobId } = await hub.emulator.hub.transfers.create({
    type: "export",
    outputBlobContainerUri: container.uri,
    excludeKeysInExport: true,
    outputBlobName: "x.txt",
  });
  await ended(hub, jobId);
  expect(lines(container.blobs.get("x.txt"))).toMatchObject([
    { authentication: { symmetricKey: { primaryKey: null } } },
  ]);
});

test("each line of an import succeeds or fails by itself, in order, and failures are told in a blob", async () => {
  await using container = await startContainer();
  await using hub = await startLocalHub();
  const { registry, twins, transfers } = hub.emulator.hub;
  await registry.create("old", {});
  container.blobs.set(
    "devices.txt",
    [
      '{"id":"new","importMode":"create","tags":{"n":1}}',
      '{"id":"new","importMode":"updateTwin","twinETag":"*","tags":{"n":2}}',
      '{"id":"old","importMode":"delete"}',
      "",
      "no json",
      '{"id":"bad id"}',
      '{"id":"gone","importMode":"update"}',
      '{"id":"plain"}',
    ].join("\n"),
  );
  const { jobId } = await transfers.create({
    type: "import",
    inputBlobContainerUri: container.uri,
    outputBlobContainerUri: container.uri,
  });
  expect(await ended(hub, jobId)).toMatchObject({ status: "completed" });
  expect(twins.get("new")["tags"]).toEqual({ n: 2 });
  expect(registry.find("old")).toBeUndefined();
  expect(registry.find("plain")).toBeDefined();
  expect(
    lines(container.blobs.get("importErrors.log")).map(({ deviceId, errorCode }) => [deviceId, errorCode]),
  ).toEqual([
    ["", 400004],
    ["bad id", 400004],
    ["gone", 404001],
  ]);
});

test("what the storage refuses is the reason of the failure, without the signature", async () => {
  await using container = await startContainer();
  await using hub = await startLocalHub();
  const forged = container.uri.replace("secret", "forged");
  const { jobId } = await hub.emulator.hub.transfers.create({ type: "export", outputBlobContainerUri: forged });
  const transfer = await ended(hub, jobId);
  expect(transfer).toMatchObject({
    status: "failed",
    failureReason: expect.stringContaining("403 AuthenticationFailed") as unknown,
  });
  expect(JSON.stringify(transfer)).not.toContain("forged");
});

test("one import or export runs at a time, and can be cancelled", async () => {
  await using container = await startContainer();
  await using hub = await startLocalHub();
  const { transfers } = hub.emulator.hub;
  const release = container.hold();
  const request = { type: "export", outputBlobContainerUri: container.uri };
  const { jobId } = await transfers.create(request);
  await expect(transfers.create(request)).rejects.toMatchObject({ errorName: "JobQuotaExceeded" });
  await hub.registry().cancelJob(jobId);
  expect(transfers.get(jobId)).toMatchObject({ status: "cancelled" });
  release();
  const again = await transfers.create(request);
  expect(await ended(hub, again.jobId)).toMatchObject({ status: "completed" });
});

test("the largest blobs go out in blocks", async () => {
  await using container = await startContainer();
  await using hub = await startLocalHub();
  const { registry, twins, transfers } = hub.emulator.hub;
  const tags = { a: "x".repeat(4000) };
  for (let i = 0; i < 1500; i++) await registry.create(`d${i}`, {}, twins.initial({ tags }));
  const { jobId } = await transfers.create({ type: "export", outputBlobContainerUri: container.uri });
  expect(await ended(hub, jobId)).toMatchObject({ status: "completed" });
  expect(container.blobs.get("devices.txt")?.length).toBeGreaterThan(5 * 1024 * 1024);
  expect(lines(container.blobs.get("devices.txt"))).toHaveLength(1500);
});

test.each([
  ["no type", { type: undefined }, 400, "type"],
  ["no output", { outputBlobContainerUri: undefined }, 400, "outputBlobContainerUri"],
  ["an import without input", { type: "import" }, 400, "inputBlobContainerUri"],
  ["a file", { outputBlobContainerUri: "file:///tmp/x" }, 400, "outputBlobContainerUri"],
  ["no container", { outputBlobContainerUri: "https://account.example/" }, 400, "outputBlobContainerUri"],
  ["a managed identity", { storageAuthenticationType: "IdentityBased" }, 501, "managed identity"],
])("a job with %s is refused", async (_, fields, status, reason) => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token("registryReadWrite") };
  const body = JSON.stringify({ type: "export", outputBlobContainerUri: "https://account.example/c?sig=x", ...fields });
  const answer = await hub.send({ method: "POST", path: `/jobs/create${VERSION}`, headers, body });
  expect(answer.text).toContain(reason);
  expect(answer.status).toBe(status);
});

test("a policy that may only read the registry cannot export it", async () => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token("registryRead") };
  const answer = await hub.send({ method: "POST", path: `/jobs/create${VERSION}`, headers, body: "{}" });
  expect(answer.status).toBe(401);
});
