import { Button, Group, Input, Stack, TextInput } from "@mantine/core";
import type { Property } from "./hub-form.ts";

const MOST = 20;

/** Names and texts, a line each. */
export function PropertiesField({
  label = "Application properties",
  description = "Beside event and seq. Values are Mustache texts; one that comes out empty leaves its property out.",
  properties,
  error,
  onChange,
}: {
  readonly label?: string;
  readonly description?: string;
  readonly properties: readonly Property[];
  readonly error?: string | undefined;
  readonly onChange: (properties: readonly Property[]) => void;
}) {
  const change = (at: number, part: Partial<Property>): void =>
    onChange(properties.map((one, i) => (i === at ? { ...one, ...part } : one)));
  return (
    <Input.Wrapper label={label} description={description} error={error} labelElement="div">
      <Stack gap="xs" mt={6}>
        {properties.map((property, at) => (
          <Group key={at} gap="xs" wrap="nowrap">
            <TextInput
              aria-label={`${label}: name ${at + 1}`}
              placeholder="name"
              spellCheck={false}
              style={{ flex: 1 }}
              value={property.name}
              onChange={({ currentTarget }) => change(at, { name: currentTarget.value })}
            />
            <TextInput
              aria-label={`${label}: value ${at + 1}`}
              placeholder="value, or {{key}}"
              spellCheck={false}
              style={{ flex: 2 }}
              value={property.value}
              onChange={({ currentTarget }) => change(at, { value: currentTarget.value })}
            />
            <Button
              variant="default"
              aria-label={`Remove ${property.name || `line ${at + 1}`}`}
              onClick={() => onChange(properties.filter((_, i) => i !== at))}
            >
              Remove
            </Button>
          </Group>
        ))}
        <div>
          <Button
            variant="default"
            disabled={properties.length >= MOST}
            onClick={() => onChange([...properties, { name: "", value: "" }])}
          >
            Add a line
          </Button>
        </div>
      </Stack>
    </Input.Wrapper>
  );
}
