import { expect, test } from "vitest";
import { searchGallery } from "./gallery.ts";

test("cards are found by their words, in any order and letter case", () => {
  const found = (text: string): readonly string[] => searchGallery(text).map(({ title }) => title);
  expect(found("")).toEqual(["Azure IoT Hub", "Webhook"]);
  expect(found("HUB azure")).toEqual(["Azure IoT Hub"]);
  expect(found("http")).toEqual(["Webhook"]);
  expect(found("emulator")).toEqual(["Azure IoT Hub"]);
  expect(found("kafka")).toEqual([]);
});
