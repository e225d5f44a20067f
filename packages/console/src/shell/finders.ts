/** What can be gone to by name. */
import { request, segment } from "../client/request.ts";
import { NAVIGATION } from "./navigation.ts";

export interface Found {
  readonly to: string;
  readonly title: string;
  /** What it is, in a word. */
  readonly kind: string;
}

interface Finder {
  /** First part of its query keys. */
  readonly noun: string;
  readonly find: (text: string, signal: AbortSignal) => Promise<readonly Found[]>;
}

/** Of each kind. */
const MOST = 6;

export function findScreens(text: string): readonly Found[] {
  const wanted = text.trim().toLowerCase();
  return NAVIGATION.filter(({ title }) => title.toLowerCase().includes(wanted)).map((place) => ({
    ...place,
    kind: "screen",
  }));
}

export const FINDERS: readonly Finder[] = [
  {
    noun: "integrations",
    async find(q, signal) {
      const { integrations } = await request<{ integrations: { id: string; name: string; event: string }[] }>(
        "/admin/v1/integrations",
        { query: { q, limit: MOST }, signal },
      );
      return integrations.map(({ id, name, event }) => ({
        to: `/integrations/${segment(id)}`,
        title: name || event,
        kind: "integration",
      }));
    },
  },
  {
    noun: "devices",
    async find(q, signal) {
      const { devices } = await request<{ devices: { id: string; name: string | null }[] }>("/admin/v1/devices", {
        query: { q, limit: MOST },
        signal,
      });
      return devices.map(({ id, name }) => ({
        to: `/devices/${segment(id)}`,
        title: name === null || name === "" ? id : `${name} · ${id}`,
        kind: "device",
      }));
    },
  },
  {
    noun: "products",
    async find(text, signal) {
      const { products } = await request<{ products: { slug: string; name: string }[] }>("/v1/products", { signal });
      const wanted = text.toLowerCase();
      return products
        .filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(wanted))
        .slice(0, MOST)
        .map(({ name, slug }) => ({ to: `/products/${segment(slug)}`, title: name, kind: "product" }));
    },
  },
];
