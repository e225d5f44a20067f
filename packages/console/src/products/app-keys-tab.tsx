import { Button, Group, NativeSelect, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request, segment } from "../client/request.ts";
import { CopyButton } from "../elements/copy-button.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { Fact, Facts } from "../elements/facts.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { SecretOnce } from "../elements/secret-once.tsx";
import type { Product } from "./product.ts";

const DAY = 86_400;
const LIVES = [
  { value: String(DAY), label: "1 day" },
  { value: String(7 * DAY), label: "7 days" },
  { value: String(30 * DAY), label: "30 days" },
  { value: String(365 * DAY), label: "1 year" },
];

/** The keys by which Para's clients speak for the product: access key, secret shown once, tokens. */
export function AppKeysTab({ product }: { readonly product: Product }) {
  const path = `/admin/v1/products/${segment(product.slug)}/app-keys`;
  const key = ["products", product.slug, "app-keys"];
  const keys = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => request<{ accessKey: string; made: boolean }>(path, { signal }),
  });
  const queries = useQueryClient();
  const [secret, setSecret] = useState<string | null>(null);

  async function renew(): Promise<void> {
    const { secretKey } = await request<{ secretKey: string }>(path, { method: "POST" });
    setSecret(secretKey);
    await queries.invalidateQueries({ queryKey: key });
  }

  return (
    <Section title="App keys">
      <Text size="sm" c="dimmed">
        Clients of Para see this product as an app. They sign with an access key and a secret key; who has them may do
        everything in the product.
      </Text>
      <Loaded query={keys} lines={2}>
        {({ accessKey, made }) => (
          <>
            <Facts>
              <Fact name="Access key">
                <Group gap={6}>
                  {accessKey}
                  <CopyButton text={accessKey} what="the access key" />
                </Group>
              </Fact>
              <Fact name="Secret key">{made ? "made; it is not shown again" : "not made yet"}</Fact>
            </Facts>
            {secret !== null && (
              <SecretOnce what="secret key" secret={secret}>
                Put it into your client beside the access key.
              </SecretOnce>
            )}
            <div>
              {made ? (
                <ConfirmButton
                  title="Make a new secret key?"
                  message="The present secret key and all tokens that were made with it end at once."
                  confirmLabel="Make a new secret key"
                  onConfirm={renew}
                >
                  Make a new secret key
                </ConfirmButton>
              ) : (
                <FirstSecret onMake={renew} />
              )}
            </div>
            {made && <AppTokens product={product} />}
          </>
        )}
      </Loaded>
    </Section>
  );
}

function FirstSecret({ onMake }: { readonly onMake: () => Promise<void> }) {
  const make = useMutation({ mutationFn: onMake });
  return (
    <>
      {make.error !== null && <FailureNote failure={make.error} />}
      <Button loading={make.isPending} onClick={() => make.mutate()}>
        Make a secret key
      </Button>
    </>
  );
}

/** A token instead of signatures, for clients that take one. */
function AppTokens({ product }: { readonly product: Product }) {
  const [life, setLife] = useState(String(7 * DAY));
  const make = useMutation({
    mutationFn: () =>
      request<{ token: string; expires_at: string }>(`/admin/v1/products/${segment(product.slug)}/app-tokens`, {
        method: "POST",
        body: { expires_in: Number(life) },
      }),
  });
  return (
    <Section title="Token">
      <Text size="sm" c="dimmed">
        For clients that send a token instead of signing each request. It ends with its time, or with the secret key.
      </Text>
      <Group gap="xs" align="flex-end">
        <NativeSelect
          label="Good for"
          data={LIVES}
          value={life}
          onChange={(event) => setLife(event.currentTarget.value)}
        />
        <Button variant="default" size="sm" loading={make.isPending} onClick={() => make.mutate()}>
          Make a token
        </Button>
      </Group>
      {make.error !== null && <FailureNote failure={make.error} />}
      {make.data !== undefined && (
        <SecretOnce what="token" secret={make.data.token}>
          {`Good until ${new Date(make.data.expires_at).toLocaleString()}.`}
        </SecretOnce>
      )}
    </Section>
  );
}
