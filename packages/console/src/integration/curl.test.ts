import { expect, test } from "vitest";
import { curlOf, curlThatPublishes, quoted } from "./curl.ts";

// The console's code is for browsers, so that node's types are not there.
const NODE: string = "node:child_process";
const { execFileSync } = (await import(/* @vite-ignore */ NODE)) as {
  execFileSync: (file: string, args: readonly string[], options: { encoding: "utf8" }) => string;
};

/** What a shell makes of the words of a command. */
function wordsOf(command: string): readonly string[] {
  const script = `curl() { printf '%s\\0' "$@"; }; TOKEN=t; ${command}`;
  return execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

test.each(["plain", "it's", "$(reboot)", "`id`", 'a "b"\n;c', "' ; rm -rf '", "\\"])(
  "a shell reads %j as one word, and runs nothing of it",
  (text) => {
    expect(wordsOf(`curl ${quoted(text)}`)).toEqual([text]);
    expect(
      wordsOf(curlThatPublishes({ origin: "http://h:1", product: null, deviceId: null, name: "n", data: text })),
    ).toContain(`data=${text}`);
  },
);

test("a terminal gets no control character of what a device said", () => {
  for (const text of ["\u001b[201~\nreboot\r", "-50% \\ '\u0007'", "\u009b1m é 😀\u007f"]) {
    const command = `curl ${quoted(text)}`;
    expect(command).not.toMatch(/[^\P{Cc}\n\t]/u);
    expect(wordsOf(command)).toEqual([text]);
  }
});

test("a webhook's request is made again with its method, headers and body", () => {
  const request = 'PUT https://a.example/x?y=1&z=2\ncontent-type: application/json\nx-api-key: ********\n\n{"a":\n\n1}';
  expect(wordsOf(curlOf(request, "a.example")!)).toEqual([
    "-X",
    "PUT",
    "https://a.example/x?y=1&z=2",
    "-H",
    "content-type: application/json",
    "-H",
    "x-api-key: ********",
    "--data-raw",
    '{"a":\n\n1}',
  ]);
});

test("a hub's message becomes a call of its HTTPS endpoint", () => {
  const about = {
    device_id: "p:d'1",
    message_id: "m",
    content_type: "application/json",
    properties: { event: "t", seq: "4" },
  };
  const words = wordsOf(curlOf(`${JSON.stringify(about)}\n{"data":"it's"}`, "h.azure-devices.net")!);
  expect(words).toContain("https://h.azure-devices.net/devices/p%3Ad'1/messages/events?api-version=2021-04-12");
  expect(words).toContain("iothub-app-seq: 4");
  expect(words.at(-1)).toBe('{"data":"it\'s"}');
});

test.each(["", "{", '{"device_id":1}\nx', "nonsense", "GET"])("what is not a whole request is none: %j", (request) =>
  expect(curlOf(request, "h")).toBeNull(),
);

test("an event is published again as its device, in its product", () => {
  const event = { origin: "https://x.example", product: "weather", deviceId: "d", name: "t/1", data: '{"a":"é"}' };
  expect(wordsOf(curlThatPublishes(event))).toEqual([
    "https://x.example/v1/products/weather/events",
    "-H",
    "Authorization: Bearer t",
    "-d",
    "as_device_id=d",
    "--data-urlencode",
    "name=t/1",
    "--data-urlencode",
    'data={"a":"é"}',
  ]);
});
