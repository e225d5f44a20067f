/** What a newcomer runs in a shell; `$TOKEN` is theirs to fill. */
import type { PublishDraft } from "../events/publish-command.ts";

const DEVICE = "0123456789abcdef01234567";

export const FIRST_EVENT: PublishDraft = { product: "", device: DEVICE, name: "temperature", data: "21.5", type: "" };

export function claimCommand(origin: string): string {
  return [
    "export TOKEN=…   # accessToken in first-run.json",
    `curl ${origin}/v1/devices -H "Authorization: Bearer $TOKEN" -d id=${DEVICE}`,
  ].join("\n");
}
