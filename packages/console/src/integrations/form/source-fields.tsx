import { Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { request } from "../../client/request.ts";
import { fieldFailure } from "../../client/field-failure.ts";
import { SuggestedInput } from "../../elements/suggested-input.tsx";

/** Which events: the beginning of their names, explained while it is typed. */
export function EventField({
  event,
  onChange,
  failure,
}: {
  readonly event: string;
  readonly onChange: (event: string) => void;
  readonly failure?: unknown;
}) {
  return (
    <div>
      <TextInput
        label="Event name"
        description="How the names of the events begin that are to be sent. Letter case counts."
        placeholder="temp"
        required
        maxLength={64}
        spellCheck={false}
        autoComplete="off"
        value={event}
        error={fieldFailure(failure, "event", "eventName")}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <Text size="xs" c="dimmed" mt={4} aria-live="polite">
        {event === "" ? (
          "As temp: it takes temp, temp/cellar and temperature, and not Temp."
        ) : (
          <>
            Takes every event whose name begins with <b className="foreign">{event}</b>.
          </>
        )}
      </Text>
    </div>
  );
}

interface FoundDevices {
  readonly devices: readonly { readonly id: string; readonly name: string | null }[];
}

/** Of the sandbox only: all devices or one. What is typed is searched for on the server. */
export function DeviceField({
  deviceId,
  onChange,
  failure,
}: {
  readonly deviceId: string;
  readonly onChange: (deviceId: string) => void;
  readonly failure?: unknown;
}) {
  const [sought] = useDebouncedValue(deviceId.trim(), 250);
  const found = useQuery({
    queryKey: ["devices", "found", sought],
    queryFn: ({ signal }) =>
      request<FoundDevices>("/admin/v1/devices", { query: { q: sought, sandbox: true, limit: 20 }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const suggestions = (found.data?.devices ?? []).map(({ id, name }) => ({
    value: id,
    label: name ?? "without a name",
  }));
  return (
    <SuggestedInput
      label="Device"
      description="Empty: all your devices outside of products. Or one of them, by id or name."
      placeholder="any"
      maxLength={128}
      spellCheck={false}
      value={deviceId}
      onChange={onChange}
      suggestions={suggestions}
      error={fieldFailure(failure, "deviceID")}
    />
  );
}
