import { expect, test } from "vitest";
import { NO_ROUTES, parseRouting } from "./routing-settings.ts";

test("what is left out has its default", () => {
  expect(parseRouting({})).toEqual(NO_ROUTES);
  const settings = parseRouting({
    endpoints: [{ name: "Alerts" }],
    routes: [{ name: "r", endpointNames: ["ALERTS", "events", "alerts"] }],
    enrichments: [{ key: "k", value: "v", endpointNames: ["Events"] }],
    fallback: { isEnabled: false },
  });
  expect(settings).toEqual({
    endpoints: [{ name: "Alerts", partitionCount: 4 }],
    routes: [
      {
        name: "r",
        source: "DeviceMessages",
        condition: "true",
        endpointNames: ["Alerts", "events"],
        isEnabled: true,
      },
    ],
    enrichments: [{ key: "k", value: "v", endpointNames: ["events"] }],
    fallback: { isEnabled: false },
  });
  expect(parseRouting(settings)).toEqual(settings);
});

const TO_EVENTS = { endpointNames: ["events"] };
const many = (count: number, make: (i: number) => object): object[] => Array.from({ length: count }, (_, i) => make(i));

test.each<[string, unknown, string]>([
  ["no object", [], "routing must be a JSON object"],
  ["a field nobody knows", { route: [] }, "route is no field"],
  ["routes that are no array", { routes: {} }, "routes must be an array"],
  ["a route without a name", { routes: [{ ...TO_EVENTS }] }, "routes[0].name"],
  ["a route to nowhere", { routes: [{ name: "r", endpointNames: [] }] }, "routes[0].endpointNames"],
  ["an endpoint that is not there", { routes: [{ name: "r", endpointNames: ["x"] }] }, "there are events"],
  ["a source that is not there", { routes: [{ name: "r", ...TO_EVENTS, source: "x" }] }, "DeviceLifecycleEvents"],
  ["a condition that is no text", { routes: [{ name: "r", ...TO_EVENTS, condition: true }] }, "routes[0].condition"],
  ["a flag that is none", { routes: [{ name: "r", ...TO_EVENTS, isEnabled: "yes" }] }, "routes[0].isEnabled"],
  ["one name for two routes", { routes: many(2, (i) => ({ name: "rR"[i], ...TO_EVENTS })) }, "routes has R twice"],
  ["too many routes", { routes: many(101, (i) => ({ name: `r${i}`, ...TO_EVENTS })) }, "at most 100"],
  ["too many endpoints", { endpoints: many(11, (i) => ({ name: `e${i}` })) }, "at most 10"],
  ["an endpoint that leaves its folder", { endpoints: [{ name: "../x" }] }, "endpoints[0].name"],
  ["a name the service keeps", { endpoints: [{ name: "Events" }] }, "keeps that name"],
  ["no partitions", { endpoints: [{ name: "a", partitionCount: 0 }] }, "endpoints[0].partitionCount"],
  [
    "too many enrichments",
    { enrichments: many(11, (i) => ({ key: `k${i}`, value: "v", ...TO_EVENTS })) },
    "at most 10",
  ],
  ["an enrichment without a key", { enrichments: [{ key: "a b", value: "v", ...TO_EVENTS }] }, "enrichments[0].key"],
  ["an enrichment without a value", { enrichments: [{ key: "k", value: "", ...TO_EVENTS }] }, "enrichments[0].value"],
])("%s is refused by its field", (_, document, text) => {
  expect(() => parseRouting(document)).toThrow(expect.objectContaining({ errorName: "ArgumentInvalid" }));
  expect(() => parseRouting(document)).toThrow(text);
});
