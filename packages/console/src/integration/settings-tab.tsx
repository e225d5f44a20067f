import { Stack } from "@mantine/core";
import { DangerZone } from "./danger-zone.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { KeySection } from "./key-section.tsx";
import { SettingsForm } from "./settings-form.tsx";

export function SettingsTab({ integration }: { readonly integration: IntegrationDetail }) {
  return (
    <Stack gap="xl">
      <SettingsForm key={integration.updated_at} integration={integration} />
      {integration.integration_type === "AzureIotHub" && <KeySection integration={integration} />}
      <DangerZone integration={integration} />
    </Stack>
  );
}
