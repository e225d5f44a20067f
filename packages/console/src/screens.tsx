/** Every screen and its address. A screen's code is loaded when it is opened. */
import { lazy, type ComponentType } from "react";
import { Route, Switch } from "wouter";
import { NotFoundPage } from "./shell/not-found-page.tsx";

type Screen = ComponentType<{ params: Readonly<Record<string, string>> }>;

/** The named export of a module, when it is needed. */
function screen<Name extends string>(
  load: () => Promise<Readonly<Record<Name, ComponentType<never>>>>,
  name: Name,
): Screen {
  return lazy(async () => ({ default: (await load())[name] as unknown as Screen })) as unknown as Screen;
}

/** First match wins. A page takes the address's parts as `params`. */
const SCREENS: readonly (readonly [path: string, screen: Screen])[] = [
  ["/", screen(() => import("./home/home-page.tsx"), "HomePage")],
  ["/integrations", screen(() => import("./integrations/integrations-page.tsx"), "IntegrationsPage")],
  ["/integrations/new", screen(() => import("./integrations/gallery-page.tsx"), "GalleryPage")],
  ["/integrations/new/azure", screen(() => import("./integrations/new-azure-page.tsx"), "NewAzurePage")],
  ["/integrations/new/webhook", screen(() => import("./integrations/new-webhook-page.tsx"), "NewWebhookPage")],
  ["/integrations/:id/*?", screen(() => import("./integration/integration-page.tsx"), "IntegrationPage")],
  ["/events", screen(() => import("./events/events-page.tsx"), "EventsPage")],
  ["/events/:id", screen(() => import("./events/event-page.tsx"), "EventPage")],
  ["/devices", screen(() => import("./devices/devices-page.tsx"), "DevicesPage")],
  ["/devices/import", screen(() => import("./devices/import-page.tsx"), "ImportPage")],
  ["/devices/:id/*?", screen(() => import("./device/device-page.tsx"), "DevicePage")],
  ["/products", screen(() => import("./products/products-page.tsx"), "ProductsPage")],
  ["/products/:product/*?", screen(() => import("./products/product-page.tsx"), "ProductPage")],
  ["/things", screen(() => import("./things/things-page.tsx"), "ThingsPage")],
  ["/hubs", screen(() => import("./hubs/hubs-page.tsx"), "HubsPage")],
  ["/hubs/local/*?", screen(() => import("./local-hub/local-hub-page.tsx"), "LocalHubPage")],
  ["/hubs/:connection/*?", screen(() => import("./hubs/hub-page.tsx"), "HubPage")],
  ["/settings/*?", screen(() => import("./settings/settings-page.tsx"), "SettingsPage")],
];

export function Screens() {
  return (
    <Switch>
      {SCREENS.map(([path, component]) => (
        <Route key={path} path={path} component={component as ComponentType} />
      ))}
      <Route component={NotFoundPage} />
    </Switch>
  );
}
