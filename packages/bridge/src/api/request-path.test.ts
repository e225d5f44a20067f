import { expect, test } from "vitest";
import { routedUrl } from "./request-path.ts";

test.each([
  ["GET", "/v1/webhooks/", "/v1/webhooks"],
  ["GET", "/v1/webhooks/?access_token=x/", "/v1/webhooks?access_token=x/"],
  ["POST", "/v1/devices/events/", "/v1/devices/events"],
  ["GET", "/v1/devices/events/", "/v1/devices/events"],
  ["GET", "//v1/devices", "/v1/devices"],
  ["POST", "//oauth/token/", "/oauth/token"],
  ["GET", "/v1/devices/?a=/", "/v1/devices?a=/"],
  ["GET", "/v1/devices?a=b/", "/v1/devices?a=b/"],
  ["GET", "/v1/devices/events/water/", "/v1/devices/events/water/"],
  ["GET", "/v1/products/p/events/water/level/?nonce=1", "/v1/products/p/events/water/level/?nonce=1"],
  ["GET", "/", "/"],
  ["GET", "//", "/"],
])("%s %s is %s", (method, url, routed) => {
  expect(routedUrl({ method, url })).toBe(routed);
});
