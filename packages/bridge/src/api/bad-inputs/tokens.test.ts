import { describe } from "vitest";
import { badInputs, oauth } from "../testing/bad-inputs.ts";
import type { Expected, Row, Sent } from "../testing/bad-inputs.ts";

const SIGN_IN = "grant_type=password&client_id=particle&client_secret=particle&username=ada&password=open%20sesame";

const { checks, checkNothingHappened } = badInputs();

describe("a token", () => {
  const missing = oauth("invalid_request", "The access token was not found");
  const unknown = oauth("invalid_token", "The access token provided is invalid.");
  const scheme = oauth("invalid_request", "The Authorization header must read: Bearer and the access token");
  const twice = oauth("invalid_request", "Give the access token in one place only");
  const header = (authorization: string): Sent => ({ token: null, headers: { authorization } });
  checks([
    ["that is missing", "GET", "/v1/devices", { token: null }, 400, missing],
    ["that is missing with an event", "POST", "/v1/devices/events", { token: null, json: { name: "t" } }, 400, missing],
    ["that is missing with a form", "POST", "/v1/devices/events", { token: null, form: "name=t" }, 400, missing],
    [
      "that is missing with a broken body",
      "POST",
      "/v1/devices/events",
      { token: null, raw: "{", type: "application/json" },
      400,
      missing,
    ],
    ["that is unknown", "GET", "/v1/devices", { token: "0".repeat(40) }, 401, unknown],
    ["that is unknown, with an event", "POST", "/v1/devices/events", { token: "x", json: { name: "t" } }, 401, unknown],
    ["that is endless", "GET", "/v1/devices", { token: "a".repeat(9_000) }, 401, unknown],
    ["that is strange", "GET", "/v1/devices", { token: "' OR 1=1 --" }, 401, unknown],
    ["that is empty", "GET", "/v1/devices", header("Bearer "), 400, scheme],
    ["of another scheme", "GET", "/v1/devices", header("Basic YTpi"), 400, scheme],
    ["without a scheme", "GET", "/v1/devices", header("abcdef"), 400, scheme],
    ["in header and query", "GET", "/v1/devices?access_token=x", {}, 400, twice],
    ["in header and form", "POST", "/v1/devices/events", { form: "name=t&access_token=x" }, 400, twice],
    [
      "twice in the query",
      "GET",
      "/v1/devices?access_token=x&access_token=y",
      { token: null },
      400,
      oauth("invalid_request", "Give one access token only"),
    ],
    [
      "in the query of a POST",
      "POST",
      "/v1/devices/events?access_token=x",
      { token: null, json: { name: "t" } },
      400,
      missing,
    ],
    [
      "in a JSON body",
      "POST",
      "/v1/devices/events",
      { token: null, json: { name: "t", access_token: "x" } },
      400,
      missing,
    ],
    [
      "that is unknown, in a form",
      "POST",
      "/v1/devices/events",
      { token: null, form: "name=t&access_token=x" },
      401,
      unknown,
    ],
    ["to revoke that nobody has", "DELETE", "/v1/access_tokens/0000", { token: null }, 401, unknown],
  ]);
});

describe("a sign-in", () => {
  const to = "/oauth/token";
  const form = (title: string, fields: string, expected: Expected): Row => [
    title,
    "POST",
    to,
    { token: null, form: fields },
    400,
    expected,
  ];
  const without = (field: string): string => SIGN_IN.replace(new RegExp(`&?${field}=[^&]*`), "");
  const request = (description: string): Expected => oauth("invalid_request", description);
  const client = oauth("invalid_client", "Give a client id and secret; particle / particle will do");
  const grant = (description: string): Expected => oauth("unsupported_grant_type", description);
  const notRefreshed = "Tokens are not refreshed here: sign in again, or ask for one that never ends with expires_in=0";
  const noClients =
    "This server has no product clients: make an API user (POST /v1/products/:product/team) and use its token";
  const noPages = "This server has no sign-in pages for other sites: make an API user and use its token";
  const noFactor = "No account of this server has a second factor: sign in with grant_type password";
  const scopes = oauth("invalid_scope", "A password gives a token without scopes; an API user has scopes");
  const credentials = oauth("invalid_grant", "User credentials are invalid");
  const notForm = request("Send the fields as application/x-www-form-urlencoded");
  const seconds = request("expires_in must be a whole number of seconds");
  const moment = request("expires_at must be a date and time to come, in ISO 8601");
  const tooLong = request("A token lives at most ten years; 0 means for ever");
  const basic = (authorization: string): Sent => ({ token: null, form: SIGN_IN, headers: { authorization } });
  checks([
    ["in JSON", "POST", to, { token: null, json: { grant_type: "password" } }, 400, notForm],
    ["without a body", "POST", to, { token: null }, 400, notForm],
    ["in plain text", "POST", to, { token: null, raw: SIGN_IN, type: "text/plain" }, 400, notForm],
    form("without a client", without("client_id"), client),
    form("without a client secret", without("client_secret"), client),
    form("with two client ids", `${SIGN_IN}&client_id=b`, client),
    ["with broken Basic credentials", "POST", to, basic("Basic !!!"), 400, client],
    ["with Basic credentials without a colon", "POST", to, basic("Basic YWJj"), 400, client],
    ["with an empty Basic secret", "POST", to, basic("Basic YWJjOg=="), 400, client],
    form("without a grant type", without("grant_type"), request("grant_type is required, once")),
    form("with two grant types", `${SIGN_IN}&grant_type=password`, request("grant_type is required, once")),
    form("by refresh token", SIGN_IN.replace("=password&", "=refresh_token&"), grant(notRefreshed)),
    form("by client credentials", SIGN_IN.replace("=password&", "=client_credentials&"), grant(noClients)),
    form("by one-time password", SIGN_IN.replace("=password&", "=urn:custom:mfa-otp&"), grant(noFactor)),
    form("by authorization code", SIGN_IN.replace("=password&", "=authorization_code&"), grant(noPages)),
    form(
      "by a grant that nobody knows",
      SIGN_IN.replace("=password&", "=toString&"),
      grant("This server signs in with grant_type password"),
    ),
    form("for a customer", `${SIGN_IN}&scope=customer=a@b.c`, scopes),
    form("with two scopes", `${SIGN_IN}&scope=a&scope=b`, scopes),
    form("without a user", without("username"), request("username is required")),
    form("without a password", without("password(?==open)"), request("password is required")),
    form("with two users", `${SIGN_IN}&username=eve`, request("username is required")),
    form("with an endless user", SIGN_IN.replace("ada", "a".repeat(300)), request("username is too long")),
    form(
      "with an endless password",
      `${without("password(?==open)")}&password=${"x".repeat(300)}`,
      request("password is too long"),
    ),
    form("with a wrong password", SIGN_IN.replace("sesame", "barley"), credentials),
    form("of an unknown user", SIGN_IN.replace("ada", "nobody"), credentials),
    form("with a negative lifetime", `${SIGN_IN}&expires_in=-1`, seconds),
    form("with a fraction as lifetime", `${SIGN_IN}&expires_in=1.5`, seconds),
    form("with a word as lifetime", `${SIGN_IN}&expires_in=long`, seconds),
    form("with an empty lifetime", `${SIGN_IN}&expires_in=`, seconds),
    form("with a lifetime of centuries", `${SIGN_IN}&expires_in=99999999999`, tooLong),
    form("with an end in the past", `${SIGN_IN}&expires_at=2020-01-01`, moment),
    form("with a word as end", `${SIGN_IN}&expires_at=tomorrow`, moment),
    form("with an end in centuries", `${SIGN_IN}&expires_at=2999-01-01`, tooLong),
    form(
      "with lifetime and end",
      `${SIGN_IN}&expires_in=1&expires_at=2999-01-01`,
      request("Give expires_in or expires_at, not both"),
    ),
  ]);
});

checkNothingHappened();
