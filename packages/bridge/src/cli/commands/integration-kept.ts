/** What an edit sends back as it was. Keys stay in the server, and so does every value that is shown as `********`. */
import type { Json } from "../api-client.ts";

const OF_ALL = ["event", "name", "deviceID", "daily_cap", "disabled", "json"];

const OF_HUBS = [
  "hub_name",
  "policy_name",
  "content_type",
  "message_properties",
  "parse_data",
  "name_sync",
  "create_identities",
  "device_id_prefix",
];

const OF_WEBHOOKS = [
  "url",
  "requestType",
  "form",
  "body",
  "query",
  "headers",
  "auth",
  "noDefaults",
  "rejectUnauthorized",
  "responseTopic",
  "errorResponseTopic",
  "responseTemplate",
  "unchunked",
  "dataUrlResponseEvent",
  "template",
];

/** `stored`: an integration as the API shows it. */
export function keptFields(stored: Json): Json {
  const own = stored["integration_type"] === "Webhook" ? OF_WEBHOOKS : OF_HUBS;
  return Object.fromEntries([...OF_ALL, ...own].filter((name) => name in stored).map((name) => [name, stored[name]]));
}
