import { describe } from "vitest";
import { badInputs, MINE } from "../testing/bad-inputs.ts";
import type { Expected, Row } from "../testing/bad-inputs.ts";

const { checks, checkNothingHappened } = badInputs();

describe("a list of devices", () => {
  const list = (title: string, query: string, status: number, expected: Expected): Row => [
    title,
    "GET",
    `/admin/v1/devices?${query}`,
    {},
    status,
    expected,
  ];
  const decide = (title: string, json: unknown, status: number, expected: Expected): Row => [
    title,
    "POST",
    "/admin/v1/products/weather/devices/approvals",
    { json },
    status,
    expected,
  ];
  const ids = "ids must be a list of device ids";
  const after = "after must be the next of an answer with the same sort";
  const MOST_CONFLICTS = "limit must be a whole number from 1 to 500";
  const place = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  checks([
    list("by an endless text", `q=${"n".repeat(129)}`, 400, "q must have at most 128 characters"),
    list("by two texts", "q=a&q=b", 400, "q must be a string"),
    list("by control characters", "q=a%00b", 400, "q must not hold control characters"),
    list("of no product", "product=nowhere", 404, "Product not found"),
    list("of a product and the sandbox", "product=weather&sandbox=true", 400, "Give product or sandbox, not both"),
    list("of the sandbox or not", "sandbox=maybe", 400, "sandbox must be true or false"),
    list("by some approval", "approval=liked", 400, "approval must be one of approved, quarantined, denied"),
    list("of some kind", "kind=toaster", 400, "kind must be one of device, thing"),
    list("in no order", "sort=beauty", 400, "sort must be one of id, name, last_heard"),
    list("in no direction", "order=up", 400, "order must be one of asc, desc"),
    list("of no devices", "limit=0", 400, "limit must be a whole number from 1 to 200"),
    list("of all devices", "limit=100000", 400, "limit must be a whole number from 1 to 200"),
    list("after nothing", "after=%25", 400, after),
    list("after a number", `after=${place(7)}`, 400, after),
    list("after an object", `after=${place([{}, "a"])}`, 400, after),
    list("after a place of another order", `after=${place([7, "a"])}&sort=name`, 400, after),
    list("after a place with a key that ids do not have", `after=${place(["n", "a"])}`, 400, after),
    ["Things after none", "GET", "/admin/v1/things?after=7", {}, 400, "after must be the id of a Thing"],
    ["too many conflicts", "GET", "/admin/v1/state-conflicts?limit=501", {}, 400, MOST_CONFLICTS],
    decide("approved without ids", { approval: "approved" }, 400, ids),
    decide("approved by a text", { ids: MINE, approval: "approved" }, 400, ids),
    decide("approved by no ids", { ids: [], approval: "approved" }, 400, ids),
    decide("approved by numbers", { ids: [7], approval: "approved" }, 400, ids),
    decide("approved by endless ids", { ids: ["n".repeat(129)], approval: "approved" }, 400, ids),
    decide("approved too many at once", { ids: Array.from({ length: 1_001 }, String), approval: "approved" }, 413, {
      ok: false,
      error: "At most 1000 ids at a time",
    }),
    decide("not decided", { ids: [MINE] }, 400, "approval must be one of approved, quarantined, denied"),
    decide(
      "decided oddly",
      { ids: [MINE], approval: {} },
      400,
      "approval must be one of approved, quarantined, denied",
    ),
  ]);
});

checkNothingHappened();
