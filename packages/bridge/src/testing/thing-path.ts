/**
 * The path of a Thing through the real parts: Para's API called as its JavaScript client calls, the embedded store, the
 * engine, the Local Hub, and the vendor's clients, which have nothing but the connection strings of the answers.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { paraClient } from "../api/testing/para-client.ts";
import type { ParaClient } from "../api/testing/para-client.ts";
import { OpenTwins } from "../open-twins.ts";
import { createTestApi } from "../api/testing/test-api.ts";
import { STATE_DEFAULTS } from "../core/device-state.ts";
import type { HubEndpoint } from "../core/hub-client.ts";
import { SILENT_LOG } from "../hub/testing/hub-under-test.ts";
import { startTwinsUnderTest } from "../hub/testing/twins-under-test.ts";
import type { TwinsUnderTest } from "../hub/testing/twins-under-test.ts";
import { createTwinHubs } from "../hub/twins/twin-hubs.ts";
import { createStateMirror } from "../state-mirror.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";

/** A Thing as it is answered. */
export interface Shown {
  readonly id: string;
  readonly name: string;
  readonly deviceState: Record<string, unknown>;
  readonly deviceStatus: Record<string, unknown>;
  readonly deviceDetails?: Record<"primaryKey" | "secondaryKey" | "connectionString", string>;
}

export interface ThingPath {
  readonly under: TwinsUnderTest;
  readonly folder: string;
  /** What the log says. */
  readonly logged: readonly string[];
  readonly call: ParaClient;
  /** Makes a Thing with a device in the hub. */
  made(body?: object): Promise<Shown>;
  read(id: string): Promise<Shown>;
  /** Nobody reaches the hub until it is back. */
  setAway(isAway: boolean): void;
}

/** All is closed with the test. */
export async function openThingPath(): Promise<ThingPath> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-things-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const under = await startTwinsUnderTest();
  const store = await openSqliteStore({ folder, onFatal: (error) => expect.fail(String(error)) });
  onTestFinished(() => store.close());
  let isAway = false;
  const endpointOf = (): HubEndpoint => (isAway ? { ...under.endpoint, httpsPort: 1, amqpsPort: 1 } : under.endpoint);
  const logged: string[] = [];
  const note = (fields: object | string, text?: string): void => void logged.push(JSON.stringify([fields, text]));
  const mirror = createStateMirror({
    store,
    reach: {
      connection: async (id) => (id === under.connection.id ? under.connection : null),
      defaultConnectionId: under.connection.id,
    },
    clients: new OpenTwins(createTwinHubs({ endpointOf, now: Date.now, log: SILENT_LOG }), async (id) =>
      id === under.connection.id ? under.connection : null,
    ),
    para: { iotEnabled: true, hub: null, workerId: 1, rootSecret: null },
    log: { ...SILENT_LOG, debug: note, info: note, warn: note, error: note } as never,
  });
  await mirror.start();
  onTestFinished(() => mirror.stop());
  const { states, things } = mirror;
  const api = createTestApi({ directory: store, appKeys: store, thingRecords: store, states, things, now: Date.now });
  onTestFinished(() => api.app.close());
  const owner = (await store.createAccount({ username: "ada", passwordHash: "none" }))!;
  const product = (await store.createProduct({
    ownerId: owner.id,
    name: "Weather",
    slug: "weather",
    description: "",
  }))!;
  // What devices report comes by the sweep: the hub has no route for it.
  const scope = { kind: "product", productId: product.id } as const;
  await store.saveStateSettings(scope, { ...STATE_DEFAULTS, sweepSeconds: 1 }, null);
  const keys = { accessKey: "app:weather", secretKey: "s3cr3t" };
  await store.renewAppSecret(product.id, keys.secretKey);
  const origin = await api.app.listen({ host: "127.0.0.1", port: 0 });
  const call = paraClient(origin, keys, Date.now);
  return {
    under,
    folder,
    logged,
    call,
    async made(body = {}) {
      const answer = await call("POST", "thing", { body: { name: "Boiler", serviceBroker: "Azure", ...body } });
      expect(answer).toMatchObject({ status: 201 });
      return answer.json as Shown;
    },
    async read(id) {
      return (await call("GET", `thing/${id}`)).json as Shown;
    },
    setAway: (away) => void (isAway = away),
  };
}

/** Until what was done has come through. */
export const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 45_000, interval: 25 });
