import { expect, test } from "vitest";
import { cString, curl, firmware } from "./snippets.ts";

test.each([
  ["temp", '"temp"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  // A trigraph would become another character.
  ["what??/", '"what?\\?/"'],
])("%s is %s in C", (text, literal) => expect(cString(text)).toBe(literal));

test("firmware publishes under the integration's prefix", () => {
  const code = firmware({ event: 'te"mp', scope: { kind: "sandbox" } });
  expect(code).toContain('Particle.publish("te\\"mp", data, PRIVATE);');
});

test("curl publishes as the integration's device, else as one that is given", () => {
  const shown = { event: "temp", scope: { kind: "product", product_id: 7, product_slug: "weather" } } as const;
  const at = { origin: "http://h:1", device: "d1" };
  expect(curl(shown, at)).toContain("http://h:1/v1/products/weather/events");
  expect(curl(shown, at)).toContain("as_device_id=d1");
  expect(curl({ ...shown, scope: { kind: "sandbox" }, deviceID: "d2" }, at)).toContain("as_device_id=d2");
});
