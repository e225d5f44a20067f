import { expect, test } from "vitest";
import { FAILURES } from "../../core/failure.ts";
import { classifyRefusal } from "../error-classification.ts";
import { HUB_CODES, hubCodeOf } from "./hub-codes.ts";

/** The service's list of error numbers, as its documentation and SDKs have it. */
const LIST = [
  400000, 400001, 400003, 400004, 400005, 400006, 400011, 400012, 400013, 400023, 400024, 400027, 400103, 400301,
  401001, 401002, 401003, 403001, 403002, 403003, 403004, 403005, 403006, 403010, 403012, 403800, 404001, 404002,
  404006, 404010, 404103, 404104, 409001, 409002, 409301, 412001, 412002, 413001, 413002, 413003, 415000, 429000,
  429001, 429002, 429003, 429004, 429005, 500001, 500008, 500009, 503001, 503003, 503005, 503008, 504101,
];

test.each(LIST)("%i has a sentence and a step, whatever the bridge makes of it", (number) => {
  const code = HUB_CODES[number]!;
  expect(code.meaning).toMatch(/^[A-Z].*\.$/);
  expect(code.nextStep).toMatch(/^[A-Z].*\.$/s);
  expect(hubCodeOf(String(number))).toBe(code);
  expect(hubCodeOf(code.name)).toBeDefined();
  const refusal = { status: Math.floor(number / 1000), text: `errorCode: ${number}` };
  for (const occasion of ["link", "message", "identity", "twin"] as const)
    expect(FAILURES[classifyRefusal(refusal, occasion, 0).code].nextStep).not.toBe("");
});

test("nothing is explained that the hub did not say", () => {
  expect(hubCodeOf(undefined)).toBeUndefined();
  expect(hubCodeOf("ECONNREFUSED")).toBeUndefined();
  expect(hubCodeOf("")).toBeUndefined();
});
