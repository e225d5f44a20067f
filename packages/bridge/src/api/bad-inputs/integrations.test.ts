import { describe } from "vitest";
import { badInputs, MINE, NOBODYS, THEIRS, UNKNOWN_DEVICE } from "../testing/bad-inputs.ts";
import type { Row } from "../testing/bad-inputs.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "my-hub", policy_name: "p", policy_key: KEY };

const { checks, checkNothingHappened } = badInputs();

describe("an integration", () => {
  const to = "/v1/integrations";
  const make = (title: string, change: Record<string, unknown>, error: string): Row => [
    `with ${title}`,
    "POST",
    to,
    { json: { ...AZURE, ...change } },
    400,
    error,
  ];
  const type = "integration_type must be one of AzureIotHub, Webhook";
  const host = "hub_name: must be a hub's name or host name";
  const base64 = "policy_key must be a shared access key: base64 without blanks";
  const ids = "ids must be a list of at most 1000 delivery ids";
  const nested = JSON.parse(`${'{"a":'.repeat(20)}1${"}".repeat(20)}`) as unknown;
  const admin = "/admin/v1/integrations/:integration/deliveries";
  checks([
    make("no type", { integration_type: undefined }, "integration_type is required"),
    make("type GoogleCloudPubSub", { integration_type: "GoogleCloudPubSub" }, type),
    make("its type in another case", { integration_type: "azureiothub" }, type),
    make("a list as type", { integration_type: ["AzureIotHub"] }, type),
    make("no event", { event: undefined }, "event is required"),
    make("an empty event", { event: "" }, "event is required"),
    make("a number as event", { event: 7 }, "event must be a string"),
    make("an event of 65 characters", { event: "t".repeat(65) }, "event must have at most 64 characters"),
    make("an umlaut in the event", { event: "wärme" }, "event must be printable ASCII"),
    make("no hub", { hub_name: undefined }, "hub_name is required"),
    make("a number as hub", { hub_name: 7 }, "hub_name must be a string"),
    make("a web address as hub", { hub_name: "https://my-hub.azure-devices.net" }, host),
    make("somebody else's host as hub", { hub_name: "example.com" }, host),
    make("an address as hub", { hub_name: "169.254.169.254" }, host),
    make("no policy", { policy_name: undefined }, "policy_name is required"),
    make("a blank in the policy", { policy_name: "my policy" }, "policy_name must not hold blanks"),
    make("an endless policy", { policy_name: "p".repeat(65) }, "policy_name must have at most 64 characters"),
    make("no key", { policy_key: undefined }, "policy_key is required"),
    make("a masked key", { policy_key: "********" }, "policy_key is required"),
    make("a number as key", { policy_key: 7 }, "policy_key must be a string"),
    make("a key that is not base64", { policy_key: "not base64!" }, base64),
    make("a blank in its key", { policy_key: `${KEY.slice(0, 9)} ${KEY.slice(9)}` }, base64),
    make("a long key", { policy_key: "A".repeat(1025) }, "policy_key must have at most 1024 characters"),
    make(
      "a connection string as key",
      { policy_key: `HostName=h;SharedAccessKeyName=p;SharedAccessKey=${KEY}` },
      "policy_key is a connection string with another hub_name",
    ),
    make("an unknown device", { deviceID: NOBODYS }, "deviceID: you have no such device"),
    make("somebody else's device", { deviceid: THEIRS }, "deviceID: you have no such device"),
    make("a number as device", { deviceId: 7 }, "deviceId must be a string"),
    make("an endless name", { name: "n".repeat(129) }, "name must have at most 128 characters"),
    make("a line break in its name", { name: "a\nb" }, "name must not hold control characters"),
    make("a number as template", { json: 7 }, "json must be an object or a text"),
    make("a list as template", { json: [] }, "json must be an object or a text"),
    make("an open template", { json: "{{PARTICLE_EVENT_VALUE" }, "json cannot be rendered: a tag is not closed"),
    make(
      "an open section deep inside",
      { json: { a: { b: "{{#x}}" } } },
      "json.a.b cannot be rendered: a section is not closed at character 7",
    ),
    make(
      "a partial",
      { json: { "<a>": ["{{> x}}"] } },
      "json.….0 cannot be rendered: a partial at character 1: templates cannot include others",
    ),
    make(
      "a template that never gives JSON",
      { json: '{"a":{{x}},}' },
      "json cannot be rendered: it gives no JSON, whatever the event: at character 12",
    ),
    make("a template of 17 KB", { json: "x".repeat(17_000) }, "json must have at most 16384 bytes"),
    make("an abyss as template", { json: nested }, "json must not be nested deeper than 16"),
    make("a number as content type", { content_type: 7 }, "content_type must be a string"),
    make(
      "a word as content type",
      { content_type: "json" },
      "content_type must be a media type, as application/json is",
    ),
    make(
      "an endless content type",
      { content_type: `a/${"b".repeat(127)}` },
      "content_type must have at most 128 characters",
    ),
    make("doubt about parse_data", { parse_data: "maybe" }, "parse_data must be true or false"),
    make(
      "a list as properties",
      { message_properties: ["a"] },
      "message_properties must be an object of names and texts",
    ),
    make(
      "a word as properties",
      { message_properties: "a" },
      "message_properties must be an object of names and texts",
    ),
    make(
      "21 properties",
      { message_properties: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`p${i}`, "v"])) },
      "message_properties takes at most 20",
    ),
    ...["a b", "", "ä", "a(b", "a/b", "p".repeat(65)].map((name) =>
      make(
        `a property called '${name.slice(0, 5)}'`,
        { message_properties: { [name]: "v" } },
        "message_properties: a name has 1 to 64 letters, digits and ! # $ % & ' * + - . ^ _ ` | ~",
      ),
    ),
    ...["event", "Seq"].map((name) =>
      make(
        `a ${name} of its own`,
        { message_properties: { [name]: "v" } },
        `message_properties.${name} is always there and cannot be set`,
      ),
    ),
    ...["iothub-ack", "$.mid"].map((name) =>
      make(
        `the hub's property ${name}`,
        { message_properties: { [name]: "v" } },
        `message_properties.${name}: names that begin with iothub- or $ are the hub's own`,
      ),
    ),
    make(
      "one property in two letter cases",
      { message_properties: { Site: "a", site: "b" } },
      "message_properties.site is there twice: a hub's routes know no letter case",
    ),
    make("an object as property", { message_properties: { p: {} } }, "message_properties.p must be a text"),
    make(
      "an open tag in a property",
      { message_properties: { p: "{{x" } },
      "message_properties.p cannot be rendered: a tag is not closed",
    ),
    make(
      "a line break in a property",
      { message_properties: { p: "a\nb" } },
      "message_properties.p must not hold control characters",
    ),
    make(
      "an endless property",
      { message_properties: { p: "v".repeat(1_025) } },
      "message_properties.p must have at most 1024 characters",
    ),
    make("doubt about create_identities", { create_identities: "maybe" }, "create_identities must be true or false"),
    make(
      "a slash in the prefix of device ids",
      { device_id_prefix: "site/" },
      "device_id_prefix takes letters, digits and - . _ : @ = , ; ! ( ) $ ' *",
    ),
    make(
      "an endless prefix of device ids",
      { device_id_prefix: "p".repeat(105) },
      "device_id_prefix must have at most 104 characters",
    ),
    make("no messages a day", { daily_cap: 0 }, "daily_cap must be a whole number from 1 to 1000000000"),
    make("half a message a day", { daily_cap: 0.5 }, "daily_cap must be a whole number from 1 to 1000000000"),
    make("doubt about disabled", { disabled: "maybe" }, "disabled must be true or false"),
    make("doubt about name_sync", { name_sync: 2 }, "name_sync must be continuous or once"),
    [
      "of a product with a device",
      "POST",
      "/v1/products/weather/integrations",
      { json: { ...AZURE, deviceID: MINE } },
      400,
      "deviceID: a product's integration takes events of all its devices",
    ],
    ["of an unknown product", "POST", "/v1/products/nowhere/integrations", { json: AZURE }, 404, "Product not found"],
    ["as a form without type", "POST", to, { form: "event=t" }, 400, "integration_type is required"],
    [
      "moved from the Local Hub without a key",
      "PUT",
      `${to}/:integration`,
      { json: { hub_name: "my-hub" } },
      400,
      "policy_key is required",
    ],
    [
      "turned into a webhook",
      "PUT",
      `${to}/:integration`,
      { json: { integration_type: "Webhook" } },
      400,
      "integration_type cannot be changed",
    ],
    ["that is unknown", "GET", `${to}/${NOBODYS}`, {}, 404, "Integration not found"],
    ["that is unknown, edited", "PUT", `${to}/x`, { json: AZURE }, 404, "Integration not found"],
    ["that is unknown, deleted", "DELETE", `${to}/x`, {}, 404, "Integration not found"],
    ["that is unknown, tested", "POST", `${to}/x/test`, { json: {} }, 404, "Integration not found"],
    [
      "of the sandbox, sought in a product",
      "GET",
      "/v1/products/weather/integrations/:integration",
      {},
      404,
      "Integration not found",
    ],
    ["tested with a number", "POST", `${to}/:integration/test`, { json: { data: 7 } }, 400, "data must be a string"],
    [
      "tested as a word",
      "POST",
      `${to}/:integration/test`,
      { json: { device_id: "x" } },
      400,
      "device_id must be a device's id of 24 hexadecimal digits",
    ],
    [
      "tested as an unknown device",
      "POST",
      `${to}/:integration/test`,
      { json: { device_id: NOBODYS } },
      403,
      UNKNOWN_DEVICE,
    ],
    [
      "tested as somebody else's device",
      "POST",
      `${to}/:integration/test`,
      { json: { device_id: THEIRS } },
      403,
      UNKNOWN_DEVICE,
    ],
    [
      "with deliveries in no number",
      "GET",
      `${admin}?limit=many`,
      {},
      400,
      "limit must be a whole number from 1 to 500",
    ],
    [
      "with deliveries of a device by name",
      "GET",
      `${admin}?device=roof`,
      {},
      400,
      "device must be a device's id of 24 hexadecimal digits",
    ],
    ["with deliveries without end", "GET", `${admin}?limit=501`, {}, 400, "limit must be a whole number from 1 to 500"],
    [
      "with deliveries before x",
      "GET",
      `${admin}?before=x`,
      {},
      400,
      "before must be a whole number from 1 to 9007199254740991",
    ],
    [
      "with deliveries in a strange state",
      "GET",
      `${admin}?state=lost`,
      {},
      400,
      "state must be one of pending, delivered, parked, expired",
    ],
    ["with deliveries retried by text", "POST", `${admin}/retry`, { json: { ids: "1" } }, 400, ids],
    ["with deliveries retried by words", "POST", `${admin}/retry`, { json: { ids: ["1"] } }, 400, ids],
    ["with deliveries retried below zero", "POST", `${admin}/retry`, { json: { ids: [-1] } }, 400, ids],
    ["with too many deliveries retried", "POST", `${admin}/retry`, { json: { ids: Array(1001).fill(1) } }, 400, ids],
    [
      "whose hub is watched since ever",
      "GET",
      "/admin/v1/hubs/local/monitor-events?since=-1",
      {},
      400,
      "since must be a whole number from 0 to 9007199254740991",
    ],
    ["whose hub is unknown", "GET", "/admin/v1/hubs/x/monitor-events", {}, 404, "Integration not found"],
    [
      "whose twin is somebody else's",
      "GET",
      `/admin/v1/integrations/:integration/devices/${THEIRS}/twin`,
      {},
      404,
      "Device not found",
    ],
    [
      "whose twin cannot be",
      "GET",
      "/admin/v1/integrations/:integration/devices/a%20b/twin",
      {},
      404,
      "Device not found",
    ],
  ]);
});

checkNothingHappened();
