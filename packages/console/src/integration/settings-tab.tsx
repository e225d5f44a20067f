import { Stack } from "@mantine/core";
import { DangerZone } from "./danger-zone.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { KeySection } from "./key-section.tsx";
import { SettingsForm } from "./settings-form.tsx";
import { WebhookSettings } from "./webhook-settings.tsx";

export function SettingsTab({ integration }: { readonly integration: IntegrationDetail }) {
  // Forms begin anew with what was saved.
  const { updated_at: version, integration_type: type } = integration;
  return (
    <Stack gap="xl">
      {type === "Webhook" ? (
        <WebhookSettings key={version} integration={integration} />
      ) : (
        <>
          <KeySection key={`key ${version}`} integration={integration} />
          <SettingsForm key={version} integration={integration} />
        </>
      )}
      <DangerZone integration={integration} />
    </Stack>
  );
}
