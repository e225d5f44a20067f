import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createParaApp } from "../testing/para-app.ts";
import type { ParaApp } from "../testing/para-app.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const BOILER = { name: "Boiler", serviceBroker: "Azure", deviceState: { on: true }, floor: 3 };
const NO_SUCH_THING = { code: 404, message: "There is no such object in this app.", error: "not_found" };

let api: TestApi;
let weather: ParaApp;
let harbour: ParaApp;

beforeEach(async () => {
  api = createTestApi();
  weather = await createParaApp(api, "weather");
  harbour = await createParaApp(api, "harbour");
});
afterEach(() => api.app.close());

/** Makes a Thing and returns its id. */
async function made(body: object = BOILER): Promise<string> {
  const answer = await weather.call("POST", "/v1/thing", body);
  expect(answer.status).toBe(201);
  return (answer.body as { id: string }).id;
}

describe("a Thing", () => {
  test("is made with its device's keys, which are never shown again", async () => {
    const { status, body, headers } = await weather.call("POST", "/v1/things", BOILER);
    const { id, deviceDetails, ...rest } = body as Record<string, string>;
    expect({ status, location: headers["location"] }).toEqual({ status: 201, location: `/v1/thing/${id}` });
    expect(rest).toEqual({
      timestamp: api.world.now,
      type: "thing",
      appid: "weather",
      name: "Boiler",
      votes: 0,
      version: 0,
      stored: true,
      indexed: true,
      cached: true,
      serviceBroker: "Azure",
      deviceState: { on: true },
      floor: 3,
      deviceStatus: {
        status: "enabled",
        connectionState: "disconnected",
        lastActivity: null,
        sync: "in_step",
        conflicts: 0,
      },
      plural: "things",
      objectURI: `/thing/${id}`,
    });
    expect(Object.keys(deviceDetails!).toSorted()).toEqual([
      "connectionState",
      "connectionString",
      "lastActivity",
      "primaryKey",
      "secondaryKey",
      "status",
      "thingId",
      "thingName",
    ]);
    for (const path of [`/v1/thing/${id}`, `/v1/things/${id}`, `/v1/_batch?ids=${id}`, `/v1/_id/${id}`]) {
      const read = await weather.call("GET", path);
      expect([read.body].flat()).toEqual([{ id, ...rest }]);
    }
  });

  test("that cannot be made says why, as the hub said it", async () => {
    const failure = { code: "hub_unreachable", message: "The hub does not answer." } as const;
    api.things.refusal = { kind: "hub", failure };
    expect(await weather.call("POST", "/v1/thing", BOILER)).toMatchObject({
      status: 502,
      body: {
        code: 502,
        message: failure.message,
        error: "hub_unreachable",
        next_step: expect.stringContaining("try it again") as string,
      },
    });
    api.things.refusal = {
      kind: "hub",
      failure: { code: "create_throttled", message: "Slower.", notBefore: api.world.now + 7_500 },
    };
    const throttled = await weather.call("POST", "/v1/thing", BOILER);
    expect(throttled).toMatchObject({ status: 503, body: { code: 503, error: "create_throttled" } });
    expect(throttled.headers["retry-after"]).toBe("8");
    const off = { message: "IoT is off: para.iot_enabled is false.", nextStep: "Switch it on." };
    api.things.refusal = { kind: "no_hub", ...off };
    expect(await weather.call("POST", "/v1/thing", BOILER)).toMatchObject({
      status: 400,
      body: { code: 400, message: off.message, error: "no_hub", next_step: off.nextStep },
    });
    api.things.refusal = { kind: "fault", fault: { path: "a.b", message: "a.b has a key that is too long" } };
    expect(await weather.call("POST", "/v1/thing", BOILER)).toMatchObject({
      status: 400,
      body: { code: 400, message: "deviceState.a.b has a key that is too long", error: "state_refused" },
    });
  });

  test("changes in the fields that are sent", async () => {
    const id = await made();
    const { status, body } = await weather.call("PATCH", `/v1/thing/${id}`, {
      name: null,
      floor: null,
      room: "attic",
      deviceState: { off: 1 },
    });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { name: "Boiler", room: "attic", deviceState: { off: 1 }, updated: api.world.now },
    });
    expect(body).not.toHaveProperty("floor");
    expect(body).not.toHaveProperty("deviceState.on");
  });

  test("can be sent back whole, as clients do, and changes in nothing", async () => {
    const id = await made();
    const { body: before } = await weather.call("GET", `/v1/thing/${id}`);
    const { body } = await weather.call("PATCH", `/v1/thing/${id}`, before);
    expect(body).toEqual({ ...(before as object), updated: api.world.now });
  });

  test("refuses a change of another version, once it has one", async () => {
    const id = await made({ ...BOILER, version: 1 });
    expect(await weather.call("PATCH", `/v1/thing/${id}`, { version: 1 })).toMatchObject({ body: { version: 2 } });
    expect(await weather.call("PATCH", `/v1/thing/${id}`, { version: 1, name: "x" })).toMatchObject({
      status: 412,
      body: { code: 412, message: "Update failed due to 'version' mismatch.", error: "version_mismatch" },
    });
    expect(await weather.call("GET", `/v1/thing/${id}`)).toMatchObject({ body: { name: "Boiler" } });
  });

  test("is voted for", async () => {
    const id = await made();
    const votes = ["_voteup", "_voteup", "_votedown", "_voteup"].map(async (vote) =>
      weather.call("PATCH", `/v1/thing/${id}`, { [vote]: "ada" }),
    );
    for (const { status, body } of await Promise.all(votes))
      expect({ status, body }).toEqual({ status: 200, body: true });
    expect(await weather.call("GET", `/v1/thing/${id}`)).toMatchObject({ body: { votes: 2 } });
  });

  test("is made with an id of the client's choice, with its device, and overwritten by the next", async () => {
    const first = await weather.call("PUT", "/v1/thing/boiler-1", BOILER);
    expect(first).toMatchObject({ status: 200, body: { id: "boiler-1", deviceDetails: { thingId: "boiler-1" } } });
    const second = await weather.call("PUT", "/v1/thing/boiler-1", { serviceBroker: "Azure", room: 5 });
    expect(second).toMatchObject({
      status: 200,
      body: { id: "boiler-1", name: "ParaObject boiler-1", deviceState: {}, room: 5 },
    });
    expect(second.body).not.toHaveProperty("floor");
    expect(second.body).not.toHaveProperty("deviceDetails");
    expect(await weather.call("PUT", "/v1/thing/boiler-1", { name: "x" })).toMatchObject({
      status: 400,
      body: { message: "'serviceBroker' must not be blank" },
    });
  });

  test("shows the fields that are selected", async () => {
    const id = await made();
    const { body } = await weather.call("GET", `/v1/thing/${id}?select=name,deviceState.on,properties.floor,nothing`);
    expect(body).toEqual({ name: "Boiler", "deviceState.on": true, "properties.floor": 3, nothing: null });
  });

  test("is deleted once", async () => {
    const id = await made();
    expect(await weather.call("DELETE", `/v1/thing/${id}`)).toMatchObject({ status: 200, body: null });
    expect(await weather.call("DELETE", `/v1/thing/${id}`)).toMatchObject({ status: 404, body: NO_SUCH_THING });
    expect(await weather.call("GET", `/v1/thing/${id}`)).toMatchObject({ status: 404, body: NO_SUCH_THING });
  });

  test("is given a new key, shown once", async () => {
    const id = await made();
    const { status, body } = await weather.call("POST", `/v1/thing/${id}/_newkeys`, { key: "secondary" });
    expect({ status, body }).toMatchObject({ status: 200, body: { id, deviceDetails: { thingId: id } } });
    expect((await weather.call("GET", `/v1/thing/${id}`)).body).not.toHaveProperty("deviceDetails");
    expect(await weather.call("POST", `/v1/thing/${id}/_newkeys`, { key: "third" })).toMatchObject({
      status: 400,
      body: { message: "'key' must be primary or secondary" },
    });
  });

  test("is disabled and enabled", async () => {
    const id = await made();
    const status = async (action: string): Promise<unknown> =>
      (await weather.call("POST", `/v1/thing/${id}/${action}`)).body;
    expect(await status("_disable")).toMatchObject({ deviceStatus: { status: "disabled" } });
    expect(await status("_enable")).toMatchObject({ deviceStatus: { status: "enabled" } });
  });

  test("has no links", async () => {
    const id = await made();
    for (const path of [`/v1/thing/${id}/links`, `/v1/thing/${id}/links/user/5`]) {
      expect(await weather.call("GET", path)).toMatchObject({ status: 400, body: { error: "links_not_kept" } });
    }
    expect(await weather.call("POST", "/v1/thing/5/links/user/5")).toMatchObject({ status: 404 });
  });

  test("of another app is not there", async () => {
    const id = await made();
    for (const [method, path, body] of [
      ["GET", `/v1/thing/${id}`],
      ["GET", `/v1/_id/${id}`],
      ["GET", "/v1/_id/app:weather"],
      ["PATCH", `/v1/thing/${id}`, { name: "mine" }],
      ["PATCH", `/v1/thing/${id}`, { _voteup: "eve" }],
      ["DELETE", `/v1/thing/${id}`],
      ["POST", `/v1/thing/${id}/_newkeys`],
      ["POST", `/v1/thing/${id}/_disable`],
      ["GET", `/v1/thing/${id}/links`],
      ["DELETE", `/v1/_batch?ids=${id}`],
    ] as const) {
      expect(await harbour.call(method, path, body)).toMatchObject({ status: 404, body: NO_SUCH_THING });
    }
    expect(await harbour.call("GET", `/v1/_batch?ids=${id}`)).toMatchObject({ status: 200, body: [] });
    expect(await harbour.call("PATCH", "/v1/_batch", [{ id, name: "mine" }])).toMatchObject({ status: 200, body: [] });
    expect(await harbour.call("PUT", `/v1/thing/${id}`, BOILER)).toMatchObject({
      status: 409,
      body: { error: "id_taken" },
    });
    expect(await weather.call("GET", `/v1/thing/${id}`)).toMatchObject({ body: { name: "Boiler", votes: 0 } });
  });
});

test("an app is read by its id alone too", async () => {
  const { status, body } = await weather.call("GET", "/v1/_id/app:weather?select=id,type");
  expect({ status, body }).toEqual({ status: 200, body: { id: "app:weather", type: "app" } });
});
