/** TEST: an integration tried for real, as any device of its scope or as none, with data of the caller's or of a real event. */
import type { FastifyInstance } from "fastify";
import type { Integration } from "../../core/integration.ts";
import type { TestRequest } from "../../core/integration-test.ts";
import { badRequest, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { fieldsOf, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { dataIn, deviceIn, visibleEvent } from "../sample-event.ts";
import { integrationOf, PLACES } from "./integration-roof.ts";
import type { Roof } from "./integration-roof.ts";
import { testJson } from "./integration-test-json.ts";

const DEFAULT_DATA = "test-event";
const schema = { summary: "Send a test message", tags: ["integrations"] };

export function registerIntegrationTests(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, testIntegration } = dependencies;

  for (const { path, only } of PLACES) {
    app.post<Roof>(`${path}/:id/test`, { onRequest: [requireTokenPlacement], schema }, async (request) => {
      const { caller, integration } = await integrationOf(request, "integrations:test", {
        only,
        directory,
        authentication,
      });
      const fields = fieldsOf(request);
      if (optionalText(fields, "event_id", 64) !== null) await authentication.account(request, "events:get");
      const report = await testIntegration(await requestOf(fields, integration, caller));
      if (report === "busy") throw refusal(429, "Too many tests run at once: try again in a minute");
      return testJson(report);
    });
  }

  async function requestOf(fields: Fields, integration: Integration, caller: AccountCaller): Promise<TestRequest> {
    const { id: integrationId, scope } = integration;
    const given = dataIn(fields);
    const asked = await deviceIn(fields, scope, caller, directory);
    const eventId = optionalText(fields, "event_id", 64);
    if (eventId === null) {
      const deviceId = asked?.id ?? integration.deviceId;
      return { integrationId, data: given ?? DEFAULT_DATA, ...(deviceId !== null && { deviceId }) };
    }
    const { event } = await visibleEvent(eventId, caller, dependencies);
    const device = asked ?? (await deviceIn({ device_id: event.deviceId }, scope, caller, directory));
    if (device === null) throw badRequest("event_id: the event's device is not in the integration's scope");
    return { integrationId, data: given ?? event.data ?? "", eventName: event.name, deviceId: device.id };
  }
}
