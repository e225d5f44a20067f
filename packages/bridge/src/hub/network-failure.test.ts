import { expect, test } from "vitest";
import { networkFailure } from "./network-failure.ts";

const CASES: readonly (readonly [code: string, means: string])[] = [
  ["ENOTFOUND", "hub_not_found"],
  ["EAI_AGAIN", "hub_not_found"],
  ["ERR_ADDRESS_REFUSED", "hub_address_refused"],
  ["ECONNREFUSED", "hub_unreachable"],
  ["ECONNRESET", "hub_unreachable"],
  ["ETIMEDOUT", "hub_unreachable"],
  ["EHOSTUNREACH", "hub_unreachable"],
  ["UND_ERR_CONNECT_TIMEOUT", "hub_unreachable"],
  ["UND_ERR_SOCKET", "hub_unreachable"],
  ["CERT_HAS_EXPIRED", "hub_tls_failed"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "hub_tls_failed"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "hub_tls_failed"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "hub_tls_failed"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "hub_tls_failed"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "hub_tls_failed"],
];

test.each(CASES)("%s means %s", (code, means) => {
  const failure = networkFailure(Object.assign(new Error("words"), { code }), "h");
  expect(failure).toMatchObject({ code: means, hubCode: code });
  expect(failure.message).toContain("words");
});

test("a wrapped error and one of several attempts are seen through", () => {
  const inner = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  expect(networkFailure(new AggregateError([inner]), "h").hubCode).toBe("ECONNREFUSED");
  expect(networkFailure(new Error("fetch failed", { cause: inner }), "h").hubCode).toBe("ECONNREFUSED");
  expect(networkFailure(undefined, "h").code).toBe("hub_unreachable");
});
