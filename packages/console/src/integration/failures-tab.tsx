import { Stack } from "@mantine/core";
import { DevicesWaiting } from "./devices-waiting.tsx";
import { FailureGroups } from "./failure-groups.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { LastTries } from "./last-tries.tsx";

export function FailuresTab({ integration }: { readonly integration: IntegrationDetail }) {
  return (
    <Stack gap="lg">
      <FailureGroups integration={integration} title="By cause" />
      <DevicesWaiting integration={integration} />
      <LastTries integration={integration} only="failed" />
    </Stack>
  );
}
