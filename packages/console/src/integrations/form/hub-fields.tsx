import { Anchor, PasswordInput, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldFailure } from "../../client/field-failure.ts";
import { readConnectionText } from "./connection-text.ts";
import type { FormPart } from "./form-part.ts";
import { isLocalHub } from "./local-hub.ts";

/** Which hub, as which policy. A connection string that is pasted into the hub's name fills all three. */
export function HubFields({
  form,
  onChange,
  failure,
  keepsKey = false,
}: FormPart & {
  /** An edit: an empty key keeps the stored one. */
  readonly keepsKey?: boolean;
}) {
  const [pasted, setPasted] = useState<string>();
  const [second, setSecond] = useState<"none" | "given" | "asked">(form.secondaryKey === "" ? "none" : "given");
  const isLocal = isLocalHub(form.hubName);
  // Whoever runs the server runs the Local Hub: fields for a policy of one's own would only ask for nothing.
  const needsNothing = isLocal && form.policyName === "" && form.policyKey === "" && !keepsKey;

  function changeHub(text: string): void {
    const read = text.includes("=") ? readConnectionText(text) : null;
    setPasted(read?.kind === "other" ? read.message : undefined);
    if (read?.kind !== "policy") return onChange({ hubName: text });
    const { hubName, policyName, policyKey } = read;
    onChange({ hubName, policyName, policyKey });
  }

  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="IoT Hub name"
          description="As in Azure's portal, or its whole host name. A connection string fills the fields below too."
          placeholder="my-hub"
          required
          spellCheck={false}
          autoComplete="off"
          value={form.hubName}
          error={pasted ?? fieldFailure(failure, "hub_name")}
          onChange={({ currentTarget }) => changeHub(currentTarget.value)}
        />
        {!needsNothing && (
          <TextInput
            label="Shared policy name"
            description={
              isLocal
                ? "The Local Hub needs none."
                : "Your hub > Shared access policies: one with all four permissions."
            }
            placeholder={isLocal ? "iothubowner" : "isthmus"}
            required={!isLocal}
            spellCheck={false}
            autoComplete="off"
            maxLength={64}
            value={form.policyName}
            error={fieldFailure(failure, "policy_name")}
            onChange={({ currentTarget }) => onChange({ policyName: currentTarget.value })}
          />
        )}
      </SimpleGrid>
      {needsNothing ? (
        <Text size="sm" c="dimmed">
          The Local Hub needs no policy and no key.
        </Text>
      ) : (
        <>
          <KeyField
            label="Shared policy key"
            description={
              isLocal
                ? "The Local Hub needs none."
                : keepsKey
                  ? "Empty keeps the stored one. It is never shown again."
                  : "Shared access policies > your policy > Primary key. Kept encrypted and never shown again."
            }
            placeholder={keepsKey ? "********" : ""}
            required={!isLocal && !keepsKey}
            value={form.policyKey}
            error={fieldFailure(failure, "policy_key")}
            onChange={(policyKey) => onChange({ policyKey })}
          />
          {second !== "none" ? (
            <KeyField
              label="Secondary key"
              {...(second === "asked" && { ref: focusIt })}
              description="The same policy's other key: tried when the hub refuses the first, so that keys change without a gap."
              value={form.secondaryKey}
              error={fieldFailure(failure, "secondary_policy_key")}
              onChange={(secondaryKey) => onChange({ secondaryKey })}
            />
          ) : (
            <Anchor component="button" type="button" size="sm" ta="left" onClick={() => setSecond("asked")}>
              Add the policy's secondary key
            </Anchor>
          )}
        </>
      )}
    </Stack>
  );
}

/** The button that asked for the field is gone. */
function focusIt(field: HTMLInputElement | null): void {
  field?.focus();
}

function KeyField({
  onChange,
  error,
  ...rest
}: {
  readonly label: string;
  readonly description: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (key: string) => void;
  readonly ref?: (field: HTMLInputElement | null) => void;
}) {
  return (
    <PasswordInput
      {...rest}
      spellCheck={false}
      // No browser keeps it, and none offers the password of the sign-in.
      autoComplete="new-password"
      data-1p-ignore
      data-lpignore="true"
      visibilityToggleButtonProps={{ "aria-label": "Show or hide the key" }}
      {...(error !== undefined && { error })}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
