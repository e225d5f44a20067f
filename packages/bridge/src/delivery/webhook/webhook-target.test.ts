import { expect, test } from "vitest";
import type { HookEvent } from "../../core/hook-event.ts";
import type { WebhookIntegration } from "../../core/integration.ts";
import { WEBHOOK_DEFAULTS, type WebhookRequest, type WebhookSecrets } from "../../core/webhook.ts";
import { Templates } from "../../message/template.ts";
import { aDelivery, aDevice } from "../testing/examples.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { WebhookTarget } from "./webhook-target.ts";

function aWebhook(url: string): WebhookIntegration {
  return {
    ...WEBHOOK_DEFAULTS,
    id: "integration",
    type: "Webhook",
    scope: { kind: "sandbox", accountId: "owner" },
    event: "",
    deviceId: null,
    name: "A webhook",
    url,
    dailyCap: null,
    disabled: false,
    createdAt: 0,
    updatedAt: 0,
  };
}

test("an edit takes effect with the next request: address, name of the host, secrets", async () => {
  const sent: WebhookRequest[] = [];
  const told: HookEvent[] = [];
  let secrets: WebhookSecrets = { query: {}, form: {}, headers: { "x-key": "former" }, auth: null };
  const target = new WebhookTarget({
    integration: aWebhook("https://former.example/in"),
    secrets: async () => secrets,
    client: {
      request: async (request) => {
        sent.push(request);
        return { ok: true, value: { status: 200, headers: {}, body: Buffer.from("thanks") } };
      },
      close: async () => undefined,
    },
    templates: new Templates(),
    onHookEvents: (events) => void told.push(...events),
    clock: new VirtualClock(),
  });
  await target.send(aDelivery(), aWebhook("https://former.example/in"), aDevice());
  expect(target.hostName).toBe("former.example");

  secrets = { ...secrets, headers: { "x-key": "present" } };
  const present = aWebhook("https://present.example:8443/in");
  await target.refresh(present);
  expect(await target.send(aDelivery(), present, aDevice())).toMatchObject({ kind: "delivered" });
  expect(target.hostName).toBe("present.example:8443");
  expect(sent.map(({ url, headers }) => `${url} ${headers["x-key"]}`)).toEqual([
    "https://former.example/in former",
    "https://present.example:8443/in present",
  ]);
  expect(told.map(({ kind }) => kind)).toEqual(["sent", "response", "sent", "response"]);
});
