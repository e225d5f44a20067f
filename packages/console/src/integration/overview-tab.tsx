import { Stack } from "@mantine/core";
import { Counters } from "./counters.tsx";
import { DevicesWaiting } from "./devices-waiting.tsx";
import { FailureGroups } from "./failure-groups.tsx";
import { History } from "./history.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { LastTries } from "./last-tries.tsx";
import { Readiness } from "./readiness.tsx";

export function OverviewTab({ integration }: { readonly integration: IntegrationDetail }) {
  return (
    <Stack gap="lg">
      <Counters integration={integration} />
      {integration.integration_type === "AzureIotHub" && <Readiness integration={integration} />}
      <History integration={integration} />
      <FailureGroups integration={integration} title="Needs attention" withTarget={false} />
      <DevicesWaiting integration={integration} />
      <LastTries integration={integration} />
    </Stack>
  );
}
