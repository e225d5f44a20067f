import { describe } from "vitest";
import { badInputs } from "../testing/bad-inputs.ts";

const { checks, checkNothingHappened } = badInputs();

describe("a path", () => {
  const orgs = "This server has no organizations: use the sandbox or product routes";
  checks([
    ["that leads nowhere", "GET", "/v1/nothing", {}, 404, "Not found"],
    ["that leads nowhere, with a body", "POST", "/v2/devices", { json: {} }, 404, "Not found"],
    ["with a script in it", "GET", "/<script>", {}, 404, "Not found"],
    ["of another method", "PATCH", "/v1/devices", { json: {} }, 405, "Method not allowed"],
    ["of another method, without a token", "DELETE", "/v1/products", { token: null }, 405, "Method not allowed"],
    ["asked by another origin", "OPTIONS", "/v1/devices", { token: null }, 405, "Method not allowed"],
    ["of sign-in, read", "GET", "/oauth/token", { token: null }, 405, "Method not allowed"],
    ["of organizations", "GET", "/v1/orgs/acme/integrations", {}, 404, orgs],
    ["of organizations, written", "POST", "/v1/orgs", { json: {} }, 404, orgs],
    [
      "with a body over 1 MB",
      "POST",
      "/v1/devices",
      { json: { id: "x".repeat(1_100_000) } },
      413,
      "The body is too large",
    ],
  ]);
});

checkNothingHappened();
