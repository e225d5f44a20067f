import { expect, test } from "vitest";
import { outcomeOf, type AuditEntry } from "./audit.ts";

const ENTRY: AuditEntry = {
  id: 1,
  at: "2026-03-01T12:00:00.000Z",
  last_at: "2026-03-01T12:00:00.000Z",
  count: 1,
  who: { kind: "account", name: "ada" },
  action: "Delete an integration",
  route: "DELETE /v1/integrations/:id",
  objects: {},
  status: 204,
  code: null,
  address: "::1",
};

test("how it went is told in words, with the error's code", () => {
  expect(outcomeOf(ENTRY)).toEqual({ tone: "good", text: "done, 204" });
  expect(outcomeOf({ ...ENTRY, status: 403 })).toEqual({ tone: "wait", text: "refused, 403" });
  expect(outcomeOf({ ...ENTRY, status: 400, code: "invalid_grant" }).text).toBe("refused, 400, invalid_grant");
  expect(outcomeOf({ ...ENTRY, status: 503 }).tone).toBe("bad");
});
