import { describe } from "vitest";
import { badInputs, MINE, MY_SECOND, NOBODYS, UNKNOWN_DEVICE } from "../testing/bad-inputs.ts";
import type { Expected, Row } from "../testing/bad-inputs.ts";

const { checks, checkNothingHappened } = badInputs();

describe("a product", () => {
  const make = (title: string, product: unknown, expected: Expected, status = 400): Row => [
    `made ${title}`,
    "POST",
    "/v1/products",
    { json: { product } },
    status,
    expected,
  ];
  const shape = "Give an object product with name, and slug and description if you like";
  const slug = "slug must be lower-case letters, digits and dashes, with a letter, at most 63 characters";
  const devices = "/v1/products/weather/devices";
  const listed = (title: string, query: string, expected: string): Row => [
    `listed ${title}`,
    "GET",
    `${devices}?${query}`,
    {},
    400,
    expected,
  ];
  const change = (title: string, json: unknown, expected: string): Row => [
    `whose device is ${title}`,
    "PUT",
    `${devices}/${MINE}`,
    { json },
    400,
    expected,
  ];
  const file = (title: string, raw: string, status: number, expected: string): Row => [
    `filled ${title}`,
    "POST",
    devices,
    { raw: raw.replaceAll("\n", "\r\n"), type: "multipart/form-data; boundary=x" },
    status,
    expected,
  ];
  const part = (name: string, content: string): string =>
    `--x\nContent-Disposition: form-data; name="${name}"; filename="ids.txt"\n\n${content}\n--x--\n`;
  const firmware = "firmware_version must be a whole number from 0 to 65535";
  const settable =
    "Give name, notes, quarantined, denied, groups, development, firmware_version, desired_firmware_version, serial_number or signal";
  const group = "A group's name must be lower-case letters, digits, dashes and underscores, at most 40 characters";
  const groups = "/v1/products/weather/groups";
  const edit = (title: string, product: unknown, expected: string): Row => [
    `changed ${title}`,
    "PUT",
    "/v1/products/weather",
    { json: { product } },
    400,
    expected,
  ];
  checks([
    ["made of nothing", "POST", "/v1/products", { json: {} }, 400, shape],
    make("of a text", "Weather", shape),
    make("of a list", [], shape),
    make("without a name", {}, "name is required"),
    make("with blanks as name", { name: "  " }, "name is required"),
    make("with a number as name", { name: 7 }, "name must be a string"),
    make("with an endless name", { name: "n".repeat(101) }, "name must have at most 100 characters"),
    make("with an upper-case slug", { name: "n", slug: "Weather" }, slug),
    make("with a number as slug", { name: "n", slug: "123" }, slug),
    make("with a slug that begins with a dash", { name: "n", slug: "-a" }, slug),
    make("with a slash in its slug", { name: "n", slug: "a/b" }, slug),
    make("with an endless slug", { name: "n", slug: "s".repeat(64) }, "slug must have at most 63 characters"),
    make("with a taken slug", { name: "n", slug: "weather" }, "That slug is taken: choose another one", 409),
    ["that is unknown", "GET", "/v1/products/nowhere", {}, 404, "Product not found"],
    ["that is unknown, with devices", "GET", "/v1/products/999/devices", {}, 404, "Product not found"],
    listed("from page 0", "page=0", "page must be a whole number from 1 to 1000000"),
    listed("from page x", "page=x", "page must be a whole number from 1 to 1000000"),
    listed("in empty pages", "per_page=0", "per_page must be a whole number from 1 to 1000"),
    listed("in huge pages", "perPage=1001", "perPage must be a whole number from 1 to 1000"),
    listed(
      "by a foreign attribute",
      "sortAttr=owner",
      "sortAttr must be one of deviceId, firmwareVersion, lastConnection",
    ),
    listed("sideways", "sortDir=left", "sortDir must be asc or desc"),
    listed("by doubt", "quarantined=maybe", "quarantined must be true or false"),
    ["filled with nothing", "POST", devices, { json: {} }, 400, "id is required"],
    ["filled with a list", "POST", devices, { json: { id: [MINE] } }, 400, "id must be a string"],
    file("by an empty file", part("file", ""), 400, "The file holds no device ids"),
    file("by a part of another name", part("devices", MINE), 400, "Send the ids in a part named file"),
    file("by no part", "--x--\n", 400, "Send the ids in a part named file"),
    file(
      "by a file of one endless line",
      part("file", "a".repeat(500)),
      400,
      "The file must hold one device id a line",
    ),
    file(
      "by values with an open quotation mark",
      part("file", `id,name\n${NOBODYS},"pump`),
      400,
      "Line 2 of the file has a quotation mark that is never closed",
    ),
    file(
      "by values with text behind a quotation mark",
      part("file", `id,name\n${NOBODYS},"pump" two`),
      400,
      "Line 2 of the file has text after a closing quotation mark",
    ),
    file(
      "by values with a wrong one",
      part("file", `id,firmware_version\n${MINE},1\n${NOBODYS},new`),
      400,
      "Line 3 of the file: firmware_version must be a whole number from 0 to 65535",
    ),
    file("by a header alone", part("file", "id,name"), 400, "The file holds no device ids"),
    change("changed in nothing", {}, settable),
    change(
      "flashed",
      { flash: true },
      "flash must be false: this server keeps the desired firmware version and flashes nothing",
    ),
    change("put into a group of a strange name", { groups: ["North Pole"] }, group),
    change("put into groups by a text", { groups: "a,B" }, group),
    change("put into a number of groups", { groups: 7 }, "groups must be a list of names"),
    change(
      "put into too many groups",
      { groups: Array.from({ length: 51 }, () => "a") },
      "groups takes at most 50 names",
    ),
    change("in development or not", { development: "soon" }, "development must be true or false"),
    change(
      "with an endless serial number",
      { serial_number: "1".repeat(65) },
      "serial_number must have at most 64 characters",
    ),
    change("of desired firmware x", { desired_firmware_version: "x" }, `desired_${firmware}`),
    edit("in nothing", {}, "Give name, slug, description or settings.quarantine"),
    edit("in its name, to nothing", { name: "" }, "name is required"),
    edit("in its slug, to a number", { slug: "123" }, slug),
    edit("in its settings, by a text", { settings: "quarantine" }, "settings must be an object"),
    edit("to a doubtful quarantine", { settings: { quarantine: "maybe" } }, "quarantine must be true or false"),
    listed("by a group of a strange name", "groups=North%20Pole", group),
    [
      "ended with its devices, and no word of that",
      "DELETE",
      "/v1/products/weather",
      {},
      409,
      {
        ok: false,
        error: "The product has 1 device",
        code: "product_has_devices",
        next_step:
          "Send confirm=true to end it with them: those that nobody has claimed are forgotten, the others stay.",
      },
    ],
    ["with a group of no name", "POST", groups, { json: {} }, 400, "name is required"],
    ["with a group of a strange name", "POST", groups, { json: { name: "a/b" } }, 400, group],
    ["whose group is not there", "GET", `${groups}/north`, {}, 404, "Group not found"],
    ["whose group is not there, changed", "PUT", `${groups}/north`, { json: { name: "n" } }, 404, "Group not found"],
    ["whose group is changed in nothing", "PUT", `${groups}/north`, { json: {} }, 400, "Give name or description"],
    ["whose group is not there, removed", "DELETE", `${groups}/north`, {}, 404, "Group not found"],
    change("of firmware -1", { firmware_version: -1 }, firmware),
    change("of firmware 1.5", { firmware_version: 1.5 }, firmware),
    change("of firmware x", { firmware_version: "x" }, firmware),
    change("of firmware 65,536", { firmware_version: 65_536 }, firmware),
    change("perhaps quarantined", { quarantined: "perhaps" }, "quarantined must be true or false"),
    change(
      "quarantined and denied",
      { quarantined: true, denied: true },
      "A device is quarantined or denied, not both",
    ),
    ["whose device is not in it", "GET", `${devices}/${MY_SECOND}`, {}, 403, UNKNOWN_DEVICE],
    ["whose device is named", "GET", `${devices}/attic`, {}, 403, UNKNOWN_DEVICE],
  ]);
});

checkNothingHappened();
