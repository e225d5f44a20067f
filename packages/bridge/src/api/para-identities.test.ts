/** Every route of Para's face against every kind of caller: what is another app's is as if it were not there. */
import { sign } from "aws4";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newAppSecret } from "../core/ids.ts";
import { PERMISSIONS } from "../core/permission.ts";
import type { Product } from "../core/product.ts";
import { makeSuperToken } from "./para/super-token.ts";
import { PARA_ROUTES } from "./testing/para-route-table.ts";
import type { ParaRow } from "./testing/para-route-table.ts";
import { DEVICE } from "./testing/route-table.ts";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

const CASES = PARA_ROUTES.map((row) => ({ row, title: row.route }));
const THING = "1234567890123456789";
const SECRET_STATE = "nobody-else-may-read-this";

type Slug = "para" | "weather" | "harbour";

interface World {
  readonly api: TestApi;
  readonly secrets: Readonly<Record<Slug, string>>;
  readonly tokens: Readonly<Record<"account" | "device" | "apiUser", string>>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

let shared: World;
let before: string;

beforeAll(async () => {
  shared = await createWorld();
  before = await snapshot(shared);
});

afterAll(() => shared.api.app.close());

/** One account has all apps: that an app sees itself only does not hang on who owns it. */
async function createWorld(): Promise<World> {
  const api = createTestApi();
  const ada = await api.account("ada");
  const secrets = { para: newAppSecret(), weather: newAppSecret(), harbour: newAppSecret() };
  const make = async (slug: Slug): Promise<Product> => {
    const made = { ownerId: ada.id, name: `The ${slug} app`, slug, description: "" };
    const product = (await api.directory.createProduct(made))!;
    await api.appKeys.renewAppSecret(product.id, secrets[slug]);
    return product;
  };
  await api.appKeys.setRootApp((await make("para")).id);
  const weather = await make("weather");
  await make("harbour");
  const given = { timestamp: null, creatorId: null, parentId: null, tags: ["north"], votes: 0, version: 0 };
  await api.things.create(weather, {
    ...given,
    id: THING,
    name: "Boiler in the cellar",
    stored: true,
    indexed: true,
    cached: true,
    properties: { serial: SECRET_STATE },
    deviceState: { note: SECRET_STATE },
  });
  await api.directory.claimDevice(ada.id, DEVICE);
  const program = { productId: weather.id, friendlyName: "program", scopes: PERMISSIONS };
  return {
    api,
    secrets,
    tokens: {
      account: ada.token,
      device: await api.directory.createDeviceToken(DEVICE),
      apiUser: (await api.directory.createApiUser(program)).token,
    },
  };
}

function targetOf({ route, query }: ParaRow): { method: "GET"; url: string } {
  const [method, path] = route.split(" ") as ["GET", string];
  const names: Record<string, string> = { thing: THING, app: "app:weather", newApp: "brand-new", queryType: "default" };
  const url = query === undefined ? path : `${path}?${query}`;
  return { method, url: url.replaceAll(/:([a-z]\w+)/gi, (_all, name: string) => names[name] ?? `:${name}`) };
}

async function call({ api }: World, row: ParaRow, headers: Record<string, string>): Promise<Answer> {
  const payload = row.body === undefined ? {} : { payload: JSON.stringify(row.body) };
  const json = { "content-type": "application/json" };
  const answer = await api.app.inject({ ...targetOf(row), headers: { ...json, ...headers }, ...payload });
  return { status: answer.statusCode, text: answer.body };
}

function tokenOf({ api, secrets }: World, slug: Slug): Record<string, string> {
  const now = Math.floor(api.world.now / 1000);
  const token = makeSuperToken(secrets[slug], { accessKey: `app:${slug}`, now, expiresAt: now + 60 });
  return { authorization: `Bearer ${token}` };
}

/** With the secret and the clock that are given. */
function signedBy(row: ParaRow, slug: Slug, secretAccessKey: string, at: number): Record<string, string> {
  const { method, url } = targetOf(row);
  const body = row.body === undefined ? {} : { body: JSON.stringify(row.body) };
  const request = {
    method,
    path: url,
    service: "para",
    region: "us-east-1",
    headers: { Host: "localhost:80", "X-Amz-Date": new Date(at).toISOString().replaceAll(/[:-]|\.\d{3}/g, "") },
    extraHeadersToIgnore: { "content-type": true },
    ...body,
  };
  const { headers } = sign(request, { accessKeyId: `app:${slug}`, secretAccessKey });
  return { ...(headers as Record<string, string>), "Content-Type": "application/json" };
}

/** All that the app has: no stranger's request may change any of it. */
async function snapshot({ api }: World): Promise<string> {
  return JSON.stringify([await api.things.thing(THING), await api.directory.product("weather")]);
}

function showsNothing(text: string): void {
  expect(text).not.toContain(SECRET_STATE);
  expect(text).not.toContain("Boiler in the cellar");
  expect(text).not.toContain("The weather app");
  for (const secret of Object.values(shared.secrets)) expect(text).not.toContain(secret);
}

async function inOwnWorld(row: ParaRow, headers: (world: World) => Record<string, string>): Promise<number> {
  const own = await createWorld();
  try {
    return (await call(own, row, headers(own))).status;
  } finally {
    await own.api.app.close();
  }
}

describe("an app", () => {
  test.each(CASES)("$title answers it, by token and by signature", async ({ row }) => {
    expect(await inOwnWorld(row, (world) => tokenOf(world, "weather"))).toBe(row.own);
    const bySignature = ({ api, secrets }: World): Record<string, string> =>
      signedBy(row, "weather", secrets.weather, api.world.now);
    expect(await inOwnWorld(row, bySignature)).toBe(row.own);
  });

  test.each(CASES)("$title shows another app nothing", async ({ row }) => {
    const own = await createWorld();
    const { status, text } = await call(own, row, tokenOf(own, "harbour"));
    expect(status).toBe(row.other);
    showsNothing(text);
    expect(await snapshot(own)).toBe(
      before.replaceAll(/"ownerId":"\w+"/g, (await snapshot(own)).match(/"ownerId":"\w+"/)![0]),
    );
    await own.api.app.close();
  });

  test.each(CASES)("$title answers the root app", async ({ row }) => {
    expect(await inOwnWorld(row, (world) => tokenOf(world, "para"))).toBe(row.root ?? row.other);
  });
});

describe("everybody else", () => {
  const callers: readonly (readonly [
    who: string,
    status: number,
    headers: (row: ParaRow) => Record<string, string>,
  ])[] = [
    ["without credentials", 401, () => ({})],
    ["a guest", 403, () => ({ authorization: "Anonymous app:weather" })],
    ["with another secret", 403, (row) => signedBy(row, "weather", "a guess", shared.api.world.now)],
    ["with another app's secret", 403, (row) => signedBy(row, "weather", shared.secrets.harbour, shared.api.world.now)],
    ["too late", 400, (row) => signedBy(row, "weather", shared.secrets.weather, shared.api.world.now - 901_000)],
    ["for an app that is not there", 404, (row) => signedBy(row, "nobody" as Slug, "x", shared.api.world.now)],
    [
      "with a token of another app's secret",
      401,
      () => {
        const now = shared.api.world.now / 1000;
        const claims = { accessKey: "app:weather", now, expiresAt: now + 60 };
        return { authorization: `Bearer ${makeSuperToken(shared.secrets.harbour, claims)}` };
      },
    ],
  ];
  const cases = callers.flatMap(([who, status, headers]) =>
    CASES.map(({ row, title }) => ({ title: `${title} refuses who calls ${who}`, row, status, headers })),
  );

  test.each(cases)("$title", async ({ row, status, headers }) => {
    const answer = await call(shared, row, headers(row));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ code: status, message: expect.any(String) as string });
    showsNothing(answer.text);
  });

  test.each(CASES)("$title refuses the tokens of accounts, API users and devices", async ({ row }) => {
    for (const token of Object.values(shared.tokens)) {
      const answer = await call(shared, row, { authorization: `Bearer ${token}` });
      expect(answer.status).toBe(401);
      expect(answer.text).toContain("an Isthmus access token does not open it");
      showsNothing(answer.text);
    }
  });

  test("all of that changed nothing", async () => {
    expect(await snapshot(shared)).toBe(before);
  });
});
