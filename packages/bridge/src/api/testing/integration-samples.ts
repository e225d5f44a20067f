/** Integrations for the tests of this folder; a test names only what it is about. */
import type { AzureIotHubSettings } from "../../core/directory.ts";
import { AZURE_IOT_HUB_DEFAULTS, type Scope } from "../../core/integration.ts";

export function hubSettings(scope: Scope, about: Partial<AzureIotHubSettings> = {}): AzureIotHubSettings {
  return {
    ...AZURE_IOT_HUB_DEFAULTS,
    type: "AzureIotHub",
    scope,
    event: "t",
    deviceId: null,
    name: "n",
    hubName: "local",
    hostName: "local",
    policyName: "p",
    dailyCap: null,
    disabled: false,
    ...about,
  };
}
