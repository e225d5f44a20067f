/** Commands that a newcomer runs in a shell; `$TOKEN` is theirs to fill. */

const DEVICE = "0123456789abcdef01234567";

export function claimCommand(address: string): string {
  return [
    "export TOKEN=…   # accessToken in first-run.json",
    `curl ${address}/v1/devices -H "Authorization: Bearer $TOKEN" -d id=${DEVICE}`,
  ].join("\n");
}

export function publishCommand(address: string): string {
  return [
    `curl ${address}/v1/devices/events -H "Authorization: Bearer $TOKEN" \\`,
    `  -d as_device_id=${DEVICE} -d name=temperature -d data=21.5`,
  ].join("\n");
}
