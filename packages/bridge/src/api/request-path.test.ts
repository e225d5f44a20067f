import { expect, test } from "vitest";
import { isParaUrl, routedUrl } from "./request-path.ts";

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
  ["GET", "http://bridge.example:8080/v1/devices", "/v1/devices"],
  ["GET", "HTTPS://bridge.example", "/"],
  ["GET", "http://bridge.example?a=b", "/?a=b"],
])("%s %s is %s", (method, url, routed) => {
  expect(routedUrl({ method, url, headers: {} })).toBe(routed);
});

const SIGNED =
  "AWS4-HMAC-SHA256 Credential=app:x/20260101/us-east-1/para/aws4_request, SignedHeaders=host, Signature=00";
const OPAQUE = `Bearer ${"0123456789abcdef".repeat(2)}01234567`;

test.each([
  ["/v1/", undefined],
  ["/v1", undefined],
  ["/v1//", undefined],
  ["/v1//?a=b", undefined],
  ["/v1/_setup", undefined],
  ["/v1/thing", undefined],
  ["/v1/things/12", OPAQUE],
  ["/v1/utils/newid", undefined],
  ["/v1/things?limit=3", OPAQUE],
  ["/v1/app/app:x", SIGNED],
  ["/v1/user/x", SIGNED],
  ["/v1/devices", "Anonymous app:x"],
  ["/v1/devices", "anonymous app:x"],
  ["/v1/devices", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJhcHBpZCI6ImFwcDp4In0.c2lnbg"],
  ["/v1/devices", "Bearer eyJhbGciOiJub25lIn0.e30."],
  ["/v1/devices?accessKey=app:x", undefined],
  ["/jwt_auth", undefined],
  ["//v1/thing/", SIGNED],
  ["http://bridge.example/v1/_setup", undefined],
])("%s with %s is for Para's face", (url, authorization) => {
  const routed = routedUrl({ method: "GET", url, headers: { ...(authorization !== undefined && { authorization }) } });
  expect(isParaUrl(routed)).toBe(true);
});

test.each([
  ["/v1/devices", undefined],
  ["/v1/devices", OPAQUE],
  ["/v1/thingamajigs", OPAQUE],
  ["/v1/devices?accessKey=app:x", OPAQUE],
  ["/metrics", SIGNED],
  ["/v11/_setup", SIGNED],
])("%s with %s is not", (url, authorization) => {
  const routed = routedUrl({ method: "GET", url, headers: { ...(authorization !== undefined && { authorization }) } });
  expect(routed).toBe(url);
});

test.each([
  "/para/v1/_setup",
  "/para",
  "/para?x",
  "/%70ara/v1",
  "//para/v1",
  "/p%61%72a/v1/_health/",
  "http://h/para/v1/_setup",
])("%s is reached by nobody from outside", (url) => {
  for (const headers of [{}, { authorization: SIGNED }]) {
    expect(routedUrl({ method: "GET", url, headers })).toBe("/not-found");
  }
});

test.each([
  ["/v1/", "/v1"],
  ["/v1//", "/v1"],
  ["/v1//?q=/", "/v1?q=/"],
  ["/v1/thing/a%2F/", "/v1/thing/a%2F"],
])("%s is %s there", (url, inside) => {
  expect(routedUrl({ method: "GET", url, headers: { authorization: SIGNED } })).toBe(`/para${inside}`);
});
