/** What a publish form would send, for a shell. */
import { quoted } from "../integration/curl.ts";

export interface PublishDraft {
  /** Slug of a product; empty: the sandbox. */
  readonly product: string;
  /** Id of the device to speak as; empty: nobody. */
  readonly device: string;
  readonly name: string;
  readonly data: string;
  /** Content type; empty: text. */
  readonly type: string;
}

export function publishPath({ product }: PublishDraft): string {
  return product === "" ? "/v1/devices/events" : `/v1/products/${encodeURIComponent(product)}/events`;
}

export function publishBody({ device, name, data, type }: PublishDraft): Readonly<Record<string, string>> {
  return {
    name,
    ...(data !== "" && { data }),
    ...(device !== "" && { as_device_id: device }),
    ...(type !== "" && { content_type: type }),
  };
}

/** `origin`: where the API is, as in `http://127.0.0.1:8080`. The token is left to the environment. */
export function publishCommand(origin: string, draft: PublishDraft): string {
  return [
    `curl ${quoted(origin + publishPath(draft))} \\`,
    `  -H "Authorization: Bearer $TOKEN" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${quoted(JSON.stringify(publishBody(draft)))}`,
  ].join("\n");
}
