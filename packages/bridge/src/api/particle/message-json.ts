import type { HubMessage } from "../../core/hub-client.ts";
import type { MessageSize } from "../../message/message-size.ts";

/** A message of a hub as previews and tests show it: the body as text and parsed, and what it counts for. */
export function messageJson(message: HubMessage, size: MessageSize): Record<string, unknown> {
  const body = Buffer.from(message.body).toString("utf8");
  return {
    body,
    json: JSON.parse(body) as unknown,
    content_type: message.contentType,
    content_encoding: message.contentEncoding,
    message_id: message.messageId,
    properties: message.properties,
    size: size.bytes,
    metered: size.blocks,
    metered_on_free: size.blocksOnFree,
  };
}
