import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import type { Product } from "./product.ts";
import { StateSettingsForm } from "./state-settings-form.tsx";
import { useStateSettings } from "./state-settings.ts";

/** How states of the product's devices and Things are mirrored in a hub. */
export function StateTab({ product }: { readonly product: Product }) {
  const query = useStateSettings(product.slug);
  return (
    <Section title="States">
      <Loaded query={query}>
        {(settings) => <StateSettingsForm key={JSON.stringify(settings)} product={product.slug} settings={settings} />}
      </Loaded>
    </Section>
  );
}
