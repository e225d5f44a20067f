import {
  Code,
  Group,
  PasswordInput,
  SegmentedControl,
  NativeSelect,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { CodeInput } from "../../elements/code-input.tsx";
import { fieldFailure } from "../../client/field-failure.ts";
import { PropertiesField } from "./properties-field.tsx";
import { METHODS, type PayloadKind, type WebhookForm } from "./webhook-form.ts";

export interface WebhookPart {
  readonly form: WebhookForm;
  readonly onChange: (change: Partial<WebhookForm>) => void;
  readonly failure?: unknown;
}

const KINDS: readonly { readonly value: PayloadKind; readonly label: string; readonly about: string }[] = [
  { value: "standard", label: "Standard", about: "A form with event, data, published_at and coreid." },
  { value: "json", label: "JSON", about: "A template that makes JSON; the standard fields stand beside yours." },
  { value: "form", label: "Form", about: "Fields of your own beside the standard ones." },
  { value: "body", label: "Other", about: "Any text, as it is. Say what it is in a Content-Type header." },
];

/** Where the request goes, and how it proves who sends it. */
export function RequestFields({ form, onChange, failure }: WebhookPart) {
  return (
    <Stack gap="sm">
      <Group gap="sm" align="flex-start">
        <NativeSelect
          label="Method"
          data={[...METHODS]}
          value={form.method}
          w={110}
          onChange={(event) => onChange({ method: event.currentTarget.value as WebhookForm["method"] })}
        />
        <TextInput
          label="URL"
          placeholder="https://example.com/in/{{PARTICLE_DEVICE_ID}}"
          required
          maxLength={2000}
          spellCheck={false}
          autoComplete="off"
          style={{ flex: "1 1 14rem" }}
          value={form.url}
          error={fieldFailure(failure, "url")}
          onChange={({ currentTarget }) => onChange({ url: currentTarget.value })}
        />
      </Group>
      <Text size="xs" c="dimmed">
        Templates may stand in the URL after the host.
      </Text>
      <PayloadField form={form} onChange={onChange} failure={failure} />
    </Stack>
  );
}

function PayloadField({ form, onChange, failure }: WebhookPart) {
  const { payloadKind: kind } = form;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500} id="payload-kind">
        What is sent
      </Text>
      <SegmentedControl
        aria-labelledby="payload-kind"
        data={KINDS.map(({ value, label }) => ({ value, label }))}
        value={kind}
        fullWidth
        onChange={(value) => onChange({ payloadKind: value as PayloadKind })}
      />
      <Text size="xs" c="dimmed">
        {KINDS.find(({ value }) => value === kind)?.about}
      </Text>
      {(kind === "json" || kind === "body") && (
        <CodeInput
          aria-label={kind === "json" ? "JSON template" : "Body template"}
          description={
            <>
              Mustache: <Code>{"{{PARTICLE_EVENT_VALUE}}"}</Code>, <Code>{"{{PARTICLE_DEVICE_ID}}"}</Code>, or a key of
              the event's data.
            </>
          }
          placeholder={kind === "json" ? '{"celsius":{{t}}}' : "{{PARTICLE_EVENT_VALUE}}"}
          minRows={3}
          maxRows={14}
          value={form.payload}
          error={fieldFailure(failure, "json", "body")}
          onChange={({ currentTarget }) => onChange({ payload: currentTarget.value })}
        />
      )}
      {kind === "form" && (
        <PropertiesField
          label="Form fields"
          description="Values are templates."
          properties={form.formFields}
          error={fieldFailure(failure, "form")}
          onChange={(formFields) => onChange({ formFields })}
        />
      )}
    </Stack>
  );
}

/** Headers, query, sign-in: kept encrypted, and masked wherever they are shown. */
export function CredentialFields({ form, onChange, failure }: WebhookPart) {
  return (
    <Stack gap="sm">
      <PropertiesField
        label="Headers"
        description="Kept encrypted. Keys and tokens belong here and not into the URL."
        properties={form.headers}
        error={fieldFailure(failure, "headers")}
        onChange={(headers) => onChange({ headers })}
      />
      <PropertiesField
        label="Query"
        description="Added to the URL."
        properties={form.query}
        error={fieldFailure(failure, "query")}
        onChange={(query) => onChange({ query })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="User name (Basic)"
          autoComplete="off"
          value={form.username}
          error={fieldFailure(failure, "auth", "username")}
          onChange={({ currentTarget }) => onChange({ username: currentTarget.value })}
        />
        <PasswordInput
          label="Password (Basic)"
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
          value={form.password}
          onChange={({ currentTarget }) => onChange({ password: currentTarget.value })}
        />
      </SimpleGrid>
    </Stack>
  );
}

/** What has a good default. */
export function MoreWebhookFields({ form, onChange, failure }: WebhookPart) {
  const topics = [
    { field: "responseTopic", label: "Event of the answer", usual: "hook-response/…" },
    { field: "errorResponseTopic", label: "Event of a failure", usual: "hook-error/…" },
  ] as const;
  return (
    <Stack gap="md">
      <Switch
        label="Only my own fields"
        description="Leaves out event, data, published_at and coreid."
        checked={form.noDefaults}
        onChange={({ currentTarget }) => onChange({ noDefaults: currentTarget.checked })}
      />
      <Switch
        label="The target's certificate must be trusted"
        checked={form.rejectUnauthorized}
        onChange={({ currentTarget }) => onChange({ rejectUnauthorized: currentTarget.checked })}
      />
      <Switch
        label="The answer in one event"
        description="And not in pieces of 512 bytes."
        checked={form.unchunked}
        onChange={({ currentTarget }) => onChange({ unchunked: currentTarget.checked })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {topics.map(({ field, label, usual }) => (
          <TextInput
            key={field}
            label={label}
            placeholder={usual}
            maxLength={128}
            spellCheck={false}
            value={form[field]}
            error={fieldFailure(failure, field)}
            onChange={({ currentTarget }) => onChange({ [field]: currentTarget.value })}
          />
        ))}
      </SimpleGrid>
      <Textarea
        label="Template of the answer"
        description="Shapes what goes back to the device; the keys of a JSON answer are variables. Empty: as it came."
        autosize
        maxRows={8}
        spellCheck={false}
        value={form.responseTemplate}
        error={fieldFailure(failure, "responseTemplate")}
        onChange={({ currentTarget }) => onChange({ responseTemplate: currentTarget.value })}
      />
    </Stack>
  );
}
