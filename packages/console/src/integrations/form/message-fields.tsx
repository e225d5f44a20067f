import { Anchor, Code, SegmentedControl, SimpleGrid, Stack, Switch, Text, TextInput } from "@mantine/core";
import { CodeInput } from "../../elements/code-input.tsx";
import { fieldFailure } from "../../client/field-failure.ts";
import { DailyCapField } from "./daily-cap-field.tsx";
import type { FormPart } from "./form-part.ts";
import { templateFault, type TemplateKind } from "./hub-form.ts";
import { PropertiesField } from "./properties-field.tsx";

const KINDS: readonly { readonly value: TemplateKind; readonly label: string }[] = [
  { value: "none", label: "Default body" },
  { value: "text", label: "Text template" },
  { value: "object", label: "JSON object" },
];

const ABOUT: Readonly<Record<TemplateKind, string>> = {
  none: "The body holds data, device_id, event and published_at.",
  text: "Rendered whole, so that numbers and lists stand without quotes.",
  object: "Each text in it is rendered and stays a text.",
};

/** How a message is made of an event, and how the hub's devices are kept: all of it has a good default. */
export function MessageFields({ form, onChange, failure }: FormPart) {
  return (
    <Stack gap="md">
      <TemplateField form={form} onChange={onChange} failure={failure} />
      <PropertiesField
        properties={form.properties}
        error={fieldFailure(failure, "message_properties")}
        onChange={(properties) => onChange({ properties })}
      />
      <Switch
        label="Data that are JSON stand in the default body as JSON"
        description='"data": {"t": 21.5} instead of "data": "{\"t\": 21.5}"'
        checked={form.parseData}
        onChange={({ currentTarget }) => onChange({ parseData: currentTarget.checked })}
      />
      <Switch
        label="Make device identities that the hub lacks"
        description="Off: events of a device that the hub does not have wait until somebody makes it."
        checked={form.createIdentities}
        onChange={({ currentTarget }) => onChange({ createIdentities: currentTarget.checked })}
      />
      <Switch
        label="Keep names in twins up to date"
        description="The twin's deviceName follows when a device is renamed. Off: it is written once, when the identity is made."
        checked={form.nameSync}
        onChange={({ currentTarget }) => onChange({ nameSync: currentTarget.checked })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Content type"
          description="With another than JSON the hub's routes cannot look into the body."
          value={form.contentType}
          error={fieldFailure(failure, "content_type")}
          onChange={({ currentTarget }) => onChange({ contentType: currentTarget.value })}
        />
        <TextInput
          label="Device id prefix"
          description="Stands before the device's id in the hub: site-4: for instance."
          maxLength={104}
          value={form.deviceIdPrefix}
          error={fieldFailure(failure, "device_id_prefix")}
          onChange={({ currentTarget }) => onChange({ deviceIdPrefix: currentTarget.value })}
        />
        <DailyCapField
          what="Messages"
          dailyCap={form.dailyCap}
          failure={failure}
          onChange={(dailyCap) => onChange({ dailyCap })}
        />
      </SimpleGrid>
    </Stack>
  );
}

function TemplateField({ form, onChange, failure }: FormPart) {
  const { templateKind: kind, template } = form;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500} id="body-kind">
        Body
      </Text>
      <SegmentedControl
        aria-labelledby="body-kind"
        data={KINDS.map((one) => ({ ...one }))}
        value={kind}
        onChange={(value) => onChange({ templateKind: value as TemplateKind })}
        fullWidth
      />
      <Text size="xs" c="dimmed">
        {ABOUT[kind]}
      </Text>
      {kind !== "none" && (
        <CodeInput
          aria-label="Template"
          description={
            <>
              Mustache: <Code>{"{{PARTICLE_EVENT_VALUE}}"}</Code>, <Code>{"{{PARTICLE_DEVICE_ID}}"}</Code>, or a key of
              the event's data, <Code>{"{{t}}"}</Code>. The preview shows what it makes.
            </>
          }
          placeholder={kind === "text" ? '{"celsius":{{t}}}' : '{\n  "celsius": "{{t}}"\n}'}
          minRows={4}
          maxRows={16}
          value={template}
          error={templateFault(form) ?? fieldFailure(failure, "json")}
          onChange={({ currentTarget }) => onChange({ template: currentTarget.value })}
        />
      )}
      {kind === "none" && (
        <Anchor component="button" type="button" size="xs" ta="left" onClick={() => onChange(EXAMPLE)}>
          Begin with a template like the default body
        </Anchor>
      )}
    </Stack>
  );
}

const EXAMPLE = {
  templateKind: "text",
  template: `{
  "data": {{{PARTICLE_EVENT_JSON}}},
  "device_id": "{{PARTICLE_DEVICE_ID}}",
  "event": "{{PARTICLE_EVENT_NAME}}",
  "published_at": "{{PARTICLE_PUBLISHED_AT}}"
}`,
} as const;
