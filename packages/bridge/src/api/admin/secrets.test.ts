import { expect, onTestFinished, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { ApiDependencies } from "../dependencies.ts";

async function rotate(rotateSecrets: ApiDependencies["rotateSecrets"], operator = true): Promise<[number, unknown]> {
  const api = createTestApi({ rotateSecrets });
  onTestFinished(() => api.app.close());
  const account = (await api.directory.createAccount({ username: "root", passwordHash: "x", operator }))!;
  const token = await api.directory.createToken({ accountId: account.id, client: "cli", expiresAt: null });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method: "POST", url: "/admin/v1/secrets/rotate", headers });
  return [answer.statusCode, answer.json()];
}

test("the operator makes a new key, and is told how much was sealed with it", async () => {
  expect(await rotate(async () => 7)).toEqual([200, { ok: true, resealed: 7 }]);
});

test("nobody else does", async () => {
  expect((await rotate(async () => expect.unreachable(), false))[0]).toBe(403);
});

test("where the key is kept outside, the answer says what to do there", async () => {
  const message = "The key is given by ISTHMUS_SECRET_KEY: put the new key before the old one there, and restart.";
  const refused = Object.assign(new Error(message), { code: "secret_key_not_ours" });
  expect(await rotate(() => Promise.reject(refused))).toEqual([
    409,
    {
      ok: false,
      error: "The key is given by ISTHMUS_SECRET_KEY",
      code: "secret_key_not_ours",
      next_step: "put the new key before the old one there, and restart.",
    },
  ]);
});
