import { Anchor, Button, Checkbox, NativeSelect, PasswordInput, Radio, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { fieldFailure } from "../../client/field-failure.ts";
import { request, segment } from "../../client/request.ts";
import { Empty } from "../../elements/empty.tsx";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Section } from "../../elements/page.tsx";
import type { Product } from "../../products/product.ts";
import { sourcesPath, type ShownOnce, type Source } from "./source.ts";
import { WebhookShownOnce } from "./webhook-definition.tsx";

type Made = { readonly source: Source } & Partial<ShownOnce>;

/** A new source of one of these products; `?product=` says of which. */
export function NewSource({ products }: { readonly products: readonly Product[] }) {
  const [search] = useSearchParams();
  const [first] = products;
  const [made, setMade] = useState<(Made & { readonly product: string }) | null>(null);
  if (first === undefined) {
    return (
      <Empty title="A source belongs to a product" command="npx isthmus products create Weather">
        There is none yet.{" "}
        <Anchor component={Link} to="/products">
          Make a product
        </Anchor>{" "}
        first.
      </Empty>
    );
  }
  if (made !== null) {
    return (
      <Section title="The source is ready">
        {made.secret !== undefined && (
          <WebhookShownOnce shown={{ secret: made.secret, webhook_definition: made.webhook_definition }} />
        )}
        <div>
          <Button
            component={Link}
            variant="default"
            to={`/settings/sources/${segment(made.product)}/${segment(made.source.id)}`}
          >
            See what it does
          </Button>
        </div>
      </Section>
    );
  }
  const wanted = products.find(({ slug }) => slug === search.get("product")) ?? first;
  return <SourceForm products={products} initial={wanted.slug} onMade={setMade} />;
}

function SourceForm({
  products,
  initial,
  onMade,
}: {
  readonly products: readonly Product[];
  readonly initial: string;
  readonly onMade: (made: Made & { readonly product: string }) => void;
}) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [product, setProduct] = useState(initial);
  const [kind, setKind] = useState<Source["kind"]>("inbound-webhook");
  const [event, setEvent] = useState("");
  const [token, setToken] = useState("");
  const [particleProduct, setParticleProduct] = useState("");
  const [createDevices, setCreateDevices] = useState(true);
  const isWebhook = kind === "inbound-webhook";
  const make = useMutation({
    mutationFn: () =>
      request<Made>(sourcesPath(product), {
        method: "POST",
        body: {
          kind,
          create_devices: createDevices,
          event,
          ...(!isWebhook && { token, particle_product: particleProduct }),
        },
      }),
    async onSuccess(answer) {
      await queries.invalidateQueries({ queryKey: ["sources"] });
      if (answer.secret !== undefined) onMade({ ...answer, product });
      else navigate(`/settings/sources/${segment(product)}/${segment(answer.source.id)}`);
    },
  });
  const of = (field: string): string | undefined => fieldFailure(make.error, field);
  const told = ["event", "token", "particle_product"].some((field) => of(field) !== undefined);

  return (
    <Section title="A new source">
      <Stack
        component="form"
        gap="sm"
        maw={520}
        onSubmit={(submitted) => {
          submitted.preventDefault();
          make.mutate();
        }}
      >
        <NativeSelect
          label="Product"
          description="Its devices, and its integrations take the events."
          value={product}
          data={products.map(({ slug, name }) => ({ value: slug, label: `${name} (${slug})` }))}
          onChange={(change) => setProduct(change.currentTarget.value)}
        />
        <Radio.Group label="How events come" value={kind} onChange={(value) => setKind(value as Source["kind"])}>
          <Stack gap="xs" mt={4}>
            <Radio
              value="inbound-webhook"
              label="Webhook: Particle's cloud calls this server"
              description="The better way: it tries again when this server is away. Needs an address that Particle's cloud reaches."
            />
            <Radio
              value="particle-cloud"
              label="Stream: this server follows Particle's cloud"
              description="Needs a token and outgoing HTTPS only, and brings the devices' names. What is published while it is away is lost."
            />
          </Stack>
        </Radio.Group>
        <TextInput
          label="Events that begin with"
          description={isWebhook ? "Particle has no webhook for all events: one character at least." : "Empty: all."}
          required={isWebhook}
          maxLength={64}
          value={event}
          error={of("event")}
          onChange={(change) => setEvent(change.currentTarget.value)}
        />
        {!isWebhook && (
          <>
            <TextInput
              label="Product in Particle's cloud"
              description="Its id or slug. Empty: the devices that the token's account has claimed."
              value={particleProduct}
              error={of("particle_product")}
              onChange={(change) => setParticleProduct(change.currentTarget.value)}
            />
            <PasswordInput
              label="Access token of Particle's cloud"
              description="Of an API user of that product with the scopes events:get, devices:list and devices:get. It is sealed and never shown."
              autoComplete="new-password"
              required
              value={token}
              error={of("token")}
              onChange={(change) => setToken(change.currentTarget.value)}
            />
          </>
        )}
        <Checkbox
          label="Make devices that are not known yet"
          description="They join the product, approved. Otherwise only those count that are in it already."
          checked={createDevices}
          onChange={(change) => setCreateDevices(change.currentTarget.checked)}
        />
        {make.error !== null && !told && <FailureNote failure={make.error} />}
        <div>
          <Button type="submit" loading={make.isPending}>
            Add source
          </Button>
        </div>
      </Stack>
    </Section>
  );
}
