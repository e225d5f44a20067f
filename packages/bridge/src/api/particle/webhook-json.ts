/** A webhook as the API shows it: in the fields in which it is written, secrets masked by their names. */
import type { WebhookIntegration } from "../../core/integration.ts";
import { isSecretName, MASKED } from "../../core/secret-names.ts";
import { NO_WEBHOOK_SECRETS, type WebhookPayload, type WebhookSecrets } from "../../core/webhook.ts";

export function webhookJson(integration: WebhookIntegration, secrets: WebhookSecrets | null): Record<string, unknown> {
  const { query, form, headers, auth } = secrets ?? NO_WEBHOOK_SECRETS;
  const { responseTopic, errorResponseTopic, responseTemplate, template } = integration;
  return {
    url: integration.url,
    requestType: integration.requestType,
    ...payloadJson(integration.payload, form),
    ...(isEmpty(query) ? {} : { query: masked(query) }),
    ...(isEmpty(headers) ? {} : { headers: masked(headers) }),
    ...(auth !== null && { auth: { username: auth.username, password: MASKED } }),
    noDefaults: integration.noDefaults,
    rejectUnauthorized: integration.rejectUnauthorized,
    ...(responseTopic !== null && { responseTopic }),
    ...(errorResponseTopic !== null && { errorResponseTopic }),
    ...(responseTemplate !== null && { responseTemplate }),
    unchunked: integration.unchunked,
    dataUrlResponseEvent: integration.dataUrlResponseEvent,
    ...(template !== null && { template }),
  };
}

function payloadJson(payload: WebhookPayload, form: WebhookSecrets["form"]): Record<string, unknown> {
  switch (payload.kind) {
    case "standard":
      return {};
    case "json":
      return { json: payload.template };
    case "form":
      return { form: masked(form) };
    case "body":
      return { body: payload.template };
  }
}

function masked(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [name, isSecretName(name) ? MASKED : value]),
  );
}

function isEmpty(entries: object): boolean {
  return Object.keys(entries).length === 0;
}
