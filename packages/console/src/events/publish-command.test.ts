import { expect, test } from "vitest";
import { publishCommand } from "./publish-command.ts";

const DRAFT = { product: "", device: "", name: "temp", data: "21.5", type: "" };

test("the command says what the form says", () => {
  const draft = { product: "weather", device: "0123456789abcdef01234567", name: "temp", data: "{}", type: "text/x" };
  expect(publishCommand("https://bridge.example", draft)).toBe(
    `curl 'https://bridge.example/v1/products/weather/events' \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{"name":"temp","data":"{}","as_device_id":"0123456789abcdef01234567","content_type":"text/x"}'`,
  );
});

test("what is empty is left out", () => {
  expect(publishCommand("http://h", { ...DRAFT, data: "" })).toContain(`-d '{"name":"temp"}'`);
});

test("a shell takes nothing of the data for its own", () => {
  const command = publishCommand("http://h", { ...DRAFT, data: "it's $HOME `id`; rm" });
  expect(command).toContain(String.raw`-d '{"name":"temp","data":"it'\''s $HOME ${"`id`"}; rm"}'`);
});
