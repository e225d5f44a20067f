import { expect, test } from "vitest";
import { readerFailure } from "./reader-failure.ts";

test.each([
  ["UnauthorizedError", "key_refused"],
  ["ServerBusyError", "throttled"],
  ["InternalServerError", "hub_error"],
  ["MessagingEntityNotFoundError", "stream_not_found"],
  ["ArgumentOutOfRangeError", "stream_not_found"],
  ["QuotaExceededError", "stream_in_use"],
  ["ReceiverDisconnectedError", "stream_in_use"],
  ["OperationTimeoutError", "hub_unreachable"],
  ["ENOTFOUND", "hub_not_found"],
  ["ECONNREFUSED", "hub_unreachable"],
])("%s means %s", (code, meaning) => {
  expect(readerFailure(Object.assign(new Error("words"), { code }), "h", 0).code).toBe(meaning);
});
