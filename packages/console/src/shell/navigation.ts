/** What the console has, in the order of a day's work. */
export const NAVIGATION: readonly { readonly title: string; readonly to: string }[] = [
  { title: "Home", to: "/" },
  { title: "Integrations", to: "/integrations" },
  { title: "Events", to: "/events" },
  { title: "Devices", to: "/devices" },
  { title: "Products", to: "/products" },
  { title: "Things", to: "/things" },
  { title: "Hubs", to: "/hubs" },
  { title: "Settings", to: "/settings" },
];
