/** A machine's own identity, in a process of its own: where Azure's metadata service answers is told by the environment alone. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

// The built file, seen from the sources too: a process of Node 20 cannot run TypeScript.
const BUILT = new URL("../../../dist/hub/entra/entra-tokens.js", import.meta.url).href;
const ASK = `
  import { openEntraTokens } from ${JSON.stringify(BUILT)};
  const tokens = openEntraTokens(JSON.parse(process.argv[1]), {}, Date.now);
  console.log(JSON.stringify(await tokens.token()));
`;

async function askFor(clientId: string | null, status: number, body: object): Promise<[unknown, URLSearchParams[]]> {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? "", "http://localhost").searchParams);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credential = JSON.stringify({ kind: "managed_identity", clientId });
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", ASK, credential], {
    env: { PATH: process.env["PATH"], AZURE_POD_IDENTITY_AUTHORITY_HOST: host },
    timeout: 80_000,
  });
  return [JSON.parse(stdout), asked];
}

test.each([null, "a-user-assigned-one"])(
  "the machine's identity (client id %s) is asked for a hub's token",
  async (clientId) => {
    const expires = Math.floor(Date.now() / 1000) + 3_600;
    const [answer, asked] = await askFor(clientId, 200, {
      access_token: "of-the-machine",
      expires_on: String(expires),
      expires_in: "3600",
      resource: "https://iothubs.azure.net",
      token_type: "Bearer",
    });
    expect(answer).toEqual({ ok: true, value: "of-the-machine" });
    expect(asked.at(-1)!.get("resource")).toMatch(/^https:\/\/iothubs\.azure\.net/);
    expect(asked.at(-1)!.get("client_id")).toBe(clientId);
  },
);

test("a machine without an identity is told as such", async () => {
  const [answer] = await askFor(null, 400, { error: "invalid_request", error_description: "Identity not found" });
  expect(answer).toMatchObject({ ok: false, failure: { code: "entra_unreachable" } });
});
