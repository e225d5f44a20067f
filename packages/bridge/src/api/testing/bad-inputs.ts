/** Requests that a hostile or hasty client may send, with the exact answers, as rows of a table. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccept } from "../../ingest/accept.ts";
import { hubSettings } from "./integration-samples.ts";
import { createTestApi } from "./test-api.ts";
import type { TestApi } from "./test-api.ts";

export const MINE = "0123456789abcdef01234567";
export const MY_SECOND = "0123456789abcdef01234568";
export const THEIRS = "ffffffffffffffffffffffff";
export const NOBODYS = "aaaaaaaaaaaaaaaaaaaaaaaa";
export const UNKNOWN_DEVICE = {
  ok: false,
  error: "Permission Denied",
  info: "I didn't recognize that device name or ID, or it is not yours",
};

type Method = "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS";
export type Expected = string | Record<string, unknown>;
/** A text as expectation stands for `{ ok: false, error: text }`. */
export type Row = readonly [
  title: string,
  method: Method,
  path: string,
  sent: Sent,
  status: number,
  expected: Expected,
];
export interface Sent {
  readonly json?: unknown;
  readonly form?: string;
  readonly raw?: string | Buffer;
  readonly type?: string;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

export interface BadInputs {
  /** A test for each row. `:integration` in a path is the caller's integration. */
  checks(rows: readonly Row[]): void;
  /** The last test: nothing of all that was stored. */
  checkNothingHappened(): void;
}

/** The API as Ada uses it; events are judged by the real rules of acceptance. */
export function badInputs(): BadInputs {
  let api: TestApi;
  let token: string;
  let integration: string;
  let stored = 0;

  beforeAll(async () => {
    const log = {
      append: async () => ((stored += 1), []),
      appendOnce: async () => ((stored += 1), { deliveries: [] }),
    };
    const accept = createAccept({ log, matcher: { match: () => [] }, onAccepted: () => undefined });
    api = createTestApi({ accept });
    const ada = await api.account("ada");
    const eve = await api.account("eve");
    token = ada.token;
    await api.directory.claimDevice(ada.id, MINE);
    await api.directory.claimDevice(ada.id, MY_SECOND);
    await api.directory.updateDevice(MY_SECOND, { name: "attic" });
    await api.directory.claimDevice(eve.id, THEIRS);
    const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
    const { id } = (await api.directory.createProduct(product))!;
    await api.directory.addToProduct(id, [MINE]);
    const scope = { kind: "sandbox", accountId: ada.id } as const;
    ({ id: integration } = await api.directory.createIntegration(hubSettings(scope)));
    await api.app.ready();
  });

  afterAll(() => api.app.close());

  function checks(rows: readonly Row[]): void {
    test.each(rows)("%s", async (_title, method, path, sent, status, expected) => {
      const { payload, type } = payloadOf(sent);
      const answer = await api.app.inject({
        method,
        url: path.replace(":integration", integration),
        headers: {
          ...(sent.token !== null && { authorization: `Bearer ${sent.token ?? token}` }),
          ...(type !== undefined && { "content-type": type }),
          ...sent.headers,
        },
        ...(payload !== undefined && { payload }),
      });
      const body = typeof expected === "string" ? { ok: false, error: expected } : expected;
      expect({ status: answer.statusCode, body: answer.json<unknown>() }).toEqual({ status, body });
      expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    });
  }

  function checkNothingHappened(): void {
    test("all of that stored nothing, changed nothing and reached no prototype", () => {
      expect(stored).toBe(0);
      expect(api.changedIntegrations).toEqual([]);
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    });
  }

  return { checks, checkNothingHappened };
}

function payloadOf({ json, form, raw, type }: Sent): { payload?: string | Buffer; type?: string } {
  if (json !== undefined) return { payload: JSON.stringify(json), type: type ?? "application/json" };
  if (form !== undefined) return { payload: form, type: type ?? "application/x-www-form-urlencoded" };
  return { ...(raw !== undefined && { payload: raw }), ...(type !== undefined && { type }) };
}

export function oauth(error: string, error_description: string): Expected {
  return { error, error_description };
}
