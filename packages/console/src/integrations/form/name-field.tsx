import { TextInput } from "@mantine/core";
import { fieldFailure } from "../../client/field-failure.ts";

export function NameField({
  name,
  onChange,
  failure,
}: {
  readonly name: string;
  readonly onChange: (name: string) => void;
  readonly failure?: unknown;
}) {
  return (
    <TextInput
      label="Name"
      description="In lists. Empty: made of event and target."
      maxLength={128}
      value={name}
      error={fieldFailure(failure, "name")}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
