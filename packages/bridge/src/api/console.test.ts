import { afterEach, expect, test } from "vitest";
import type { ConsoleFiles } from "./console.ts";
import { createTestApi, type TestApi } from "./testing/test-api.ts";

const SCRIPT = Buffer.from("console.log(1)");
const FILES: ConsoleFiles = {
  document: '<!doctype html><meta name="csp-nonce" content="" /><div id="root"></div>',
  assets: new Map([
    ["index-abc.js", { type: "text/javascript; charset=utf-8", bytes: SCRIPT, gzip: Buffer.from("compressed") }],
    ["icon-abc.svg", { type: "image/svg+xml", bytes: Buffer.from("<svg/>"), gzip: null }],
  ]),
};
const opened: TestApi[] = [];

afterEach(async () => {
  for (const { app } of opened.splice(0)) await app.close();
});

function api(consoleFiles: ConsoleFiles | null = FILES): TestApi {
  const made = createTestApi({ consoleFiles });
  opened.push(made);
  return made;
}

test("a browser is led from the root to the console, a program gets the addresses", async () => {
  const { app } = api();
  const browser = await app.inject({ url: "/", headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
  expect(browser.statusCode).toBe(302);
  expect(browser.headers.location).toBe("/console/");
  expect((await app.inject("/")).json()).toMatchObject({ name: "Isthmus", console: "/console/" });
});

test.each(["/console", "/console/", "/console/integrations/1/deliveries?state=parked", "/console/devices/a%2Fb"])(
  "%s is the document, with styles by the nonce of this answer only, and scripts by file only",
  async (url) => {
    const { app } = api();
    const [first, second] = [await app.inject(url), await app.inject(url)];
    expect(first.statusCode).toBe(200);
    expect(first.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(first.headers["cache-control"]).toBe("no-store");
    const [, nonce = ""] = /content="([^"]+)"/.exec(first.body) ?? [];
    expect(nonce.length).toBeGreaterThan(20);
    expect(second.body).not.toContain(nonce);
    const policy = String(first.headers["content-security-policy"]);
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
  },
);

test("files are kept by browsers for good, compressed where they take it", async () => {
  const { app } = api();
  const url = "/console/assets/index-abc.js";
  const compressed = await app.inject({ url, headers: { "accept-encoding": "gzip, br" } });
  expect(compressed.headers).toMatchObject({
    "content-encoding": "gzip",
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
    vary: "accept-encoding",
    "x-content-type-options": "nosniff",
  });
  expect(compressed.body).toBe("compressed");
  const plain = await app.inject(url);
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.rawPayload).toEqual(SCRIPT);
  const icon = await app.inject({ url: "/console/assets/icon-abc.svg", headers: { "accept-encoding": "gzip" } });
  expect(icon.body).toBe("<svg/>");
});

test.each(["/console/assets/other.js", "/console/assets/..%2f..%2fpackage.json", "/console/assets/%00"])(
  "%s is no file",
  async (url) => {
    const answer = await api().app.inject(url);
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ ok: false });
  },
);

test("a console that was not built says how to build it", async () => {
  const answer = await api(null).app.inject("/console/");
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({
    code: "console_not_built",
    next_step: expect.stringContaining("npm run build"),
  });
});

test.each(["/console/%zz", "/console/assets/%2e%2e%2findex.html", "/console/assets/none.js"])(
  "a refusal at %s is as safe as the rest",
  async (url) => {
    const { app } = api();
    const { statusCode, headers } = await app.inject({ url, headers: { accept: "text/html" } });
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  },
);
