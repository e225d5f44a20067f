/** Where the console's screens are, for tests that open every one of them. */

export interface ScreenIds {
  readonly product: string;
  readonly device: string;
  readonly thing: string;
  readonly integration: string;
  readonly webhook: string;
  readonly source: string;
  readonly event: string;
  readonly connection: string;
  readonly delivery: string;
}

const INTEGRATION_TABS = ["", "/deliveries", "/failures", "/match", "/settings", "/example"];
const DEVICE_TABS = ["", "/twin", "/messages", "/method", "/cloud-to-device", "/keys", "/state"];
const PRODUCT_TABS = ["", "/settings", "/groups", "/team", "/state", "/sources"];
const SETTINGS = [
  "",
  "/api-users",
  "/sources",
  "/sources/new",
  "/audit",
  "/accounts",
  "/retention",
  "/secrets",
  "/backup",
  "/about",
];

/** Below `/console`. */
export function consoleScreens(ids: ScreenIds): readonly string[] {
  return [
    "/",
    "/integrations",
    "/integrations/new",
    "/integrations/new/azure",
    "/integrations/new/azure?step=form",
    "/integrations/new/webhook",
    ...INTEGRATION_TABS.map((tab) => `/integrations/${ids.integration}${tab}`),
    `/integrations/${ids.integration}/deliveries?delivery=${ids.delivery}`,
    `/integrations/${ids.webhook}`,
    `/integrations/${ids.webhook}/settings`,
    "/events",
    `/events/${ids.event}`,
    "/devices",
    `/devices?product=${ids.product}`,
    "/devices/import",
    ...DEVICE_TABS.map((tab) => `/devices/${ids.device}${tab}`),
    `/devices/${ids.thing}`,
    `/devices/${ids.thing}/state`,
    "/products",
    ...PRODUCT_TABS.map((tab) => `/products/${ids.product}${tab}`),
    "/things",
    "/hubs",
    "/hubs/local",
    `/hubs/${encodeURIComponent(ids.connection)}`,
    `/hubs/${encodeURIComponent(ids.connection)}/identities`,
    ...SETTINGS.map((part) => `/settings${part}`),
    `/settings/sources/${ids.product}/${ids.source}`,
  ];
}
