import { Anchor, Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { fieldFailure } from "../client/field-failure.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { useDescribe, type Connection } from "./connection.ts";
import { NumberField } from "../elements/number-field.tsx";

const TIERS = [
  { value: "", label: "I do not know" },
  { value: "F1", label: "F1 Free: 8,000 messages a day" },
  { value: "B1", label: "B1 Basic: 400,000 a unit" },
  { value: "B2", label: "B2 Basic: 6,000,000 a unit" },
  { value: "B3", label: "B3 Basic: 300,000,000 a unit" },
  { value: "S1", label: "S1 Standard: 400,000 a unit" },
  { value: "S2", label: "S2 Standard: 6,000,000 a unit" },
  { value: "S3", label: "S3 Standard: 300,000,000 a unit" },
];

/** What a user tells of a hub, by which its allowance is known. */
export function TierForm({ connection }: { readonly connection: Connection }) {
  const isLocal = connection.host_name === "local";
  const [name, setName] = useState(connection.name ?? "");
  const [tier, setTier] = useState(isLocal ? "" : (connection.tier ?? ""));
  const [units, setUnits] = useState(connection.units);
  const describe = useDescribe(connection.id);
  const { error } = describe;
  const isBeside = ["name", "tier", "units"].some((field) => fieldFailure(error, field) !== undefined);

  async function save(): Promise<void> {
    const place = isLocal ? {} : { tier: tier === "" ? null : tier, units: tier === "F1" ? 1 : units };
    await describe.mutateAsync({ name: name === "" ? null : name, ...place });
    announce("The hub's description is saved.");
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save().catch(() => undefined);
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="How this console calls the hub"
          placeholder={connection.host_name}
          value={name}
          maxLength={100}
          error={fieldFailure(error, "name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {isLocal ? (
          <Text size="sm" c="dimmed">
            The Local Hub tells its tier by itself.{" "}
            <Anchor component={Link} to="/hubs/local" inherit>
              Change it there
            </Anchor>
          </Text>
        ) : (
          <>
            <NativeSelect
              label="Tier"
              description="Azure portal, your IoT hub, Pricing and scale"
              data={TIERS}
              value={tier}
              error={fieldFailure(error, "tier")}
              onChange={(event) => setTier(event.currentTarget.value)}
            />
            {tier !== "" && tier !== "F1" && (
              <NumberField
                label="Units"
                min={1}
                max={200}
                value={units}
                error={fieldFailure(error, "units")}
                onChange={(value) => setUnits(Number(value) || 1)}
              />
            )}
          </>
        )}
        {error !== null && !isBeside && <FailureNote failure={error} />}
        <Group>
          <Button type="submit" loading={describe.isPending}>
            Save name and tier
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
