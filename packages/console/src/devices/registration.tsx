import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { Fact, Facts } from "../elements/facts.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { devicePath, type Approval, type DeviceRow } from "./device-rows.ts";
import { DeviceSettings } from "./device-settings.tsx";
import { DeviceToken } from "./device-token.tsx";
import { ApprovalBadge, OnlineBadge } from "./device-words.tsx";

/** What is registered of a device here: where it is, what it is called, its approval, its token; and how it ends. */
export function Registration({ device }: { readonly device: DeviceRow }) {
  const isThing = device.kind === "thing";
  return (
    <Stack gap="lg">
      <Section title="Registration">
        <Facts>
          <Fact name="Id">{device.id}</Fact>
          <Fact name="Product">
            <Place device={device} />
          </Fact>
          <Fact name="Approval">
            <ApprovalBadge device={device} />
          </Fact>
          <Fact name="Connection">
            <OnlineBadge online={device.online} />
          </Fact>
          <Fact name="Last heard">
            <Time at={device.last_heard} />
          </Fact>
          <Fact name="Registered">
            <Time at={device.created_at} />
          </Fact>
          {device.last_ip_address !== null && <Fact name="Last address">{device.last_ip_address}</Fact>}
        </Facts>
        {device.product_slug !== null && !isThing && <ApprovalButtons device={device} />}
      </Section>
      <DeviceSettings key={device.id} device={device} />
      {!isThing && <DeviceToken key={`${device.id} token`} device={device} />}
      <Ends device={device} />
    </Stack>
  );
}

function Place({ device }: { readonly device: DeviceRow }) {
  const { product_slug: slug, claimed } = device;
  if (slug === null) return <>None: it is in your sandbox</>;
  return (
    <>
      <Anchor component={Link} to={`/products/${segment(slug)}`} inherit>
        {device.product_name}
      </Anchor>
      {claimed && ", and claimed by an account"}
    </>
  );
}

const DECISIONS: readonly (readonly [approval: Approval, label: string, body: object])[] = [
  ["approved", "Approve", { quarantined: false }],
  ["quarantined", "Quarantine", { quarantined: true }],
  ["denied", "Deny", { denied: true }],
];

function ApprovalButtons({ device }: { readonly device: DeviceRow }) {
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (body: object) => request(devicePath(device), { method: "PUT", body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["devices"] }),
  });
  return (
    <>
      <Group gap="xs">
        {DECISIONS.filter(([approval]) => approval !== device.approval).map(([approval, label, body]) => (
          <Button key={approval} variant="default" loading={decide.isPending} onClick={() => decide.mutate(body)}>
            {label}
          </Button>
        ))}
        <Text size="sm" c="dimmed">
          Events of a device that is not approved are taken and go to no integration.
        </Text>
      </Group>
      {decide.error !== null && <FailureNote failure={decide.error} />}
    </>
  );
}

function Ends({ device }: { readonly device: DeviceRow }) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const path = devicePath(device);

  async function end(endpoint: string, done: string): Promise<void> {
    await request(endpoint, { method: "DELETE" });
    announce(done);
    navigate("/devices");
    await queries.invalidateQueries({ queryKey: ["devices"] });
  }

  async function change(endpoint: string, done: string): Promise<void> {
    await request(endpoint, { method: "DELETE" });
    announce(done);
    await queries.invalidateQueries({ queryKey: ["devices"] });
  }

  return (
    <Section title="Ending it">
      <Group gap="xs">
        {device.product_slug === null ? (
          <ConfirmButton
            title="Release this device?"
            message="It leaves your sandbox, its tokens end and its name is forgotten. Whoever knows its id can claim it."
            onConfirm={() => end(path, "Device released")}
          >
            Release device
          </ConfirmButton>
        ) : (
          <ConfirmButton
            title={device.kind === "thing" ? "Delete this Thing?" : "Take this device out of its product?"}
            message={endMessage(device)}
            onConfirm={() => end(path, device.kind === "thing" ? "Thing deleted" : "Device taken out")}
          >
            {device.kind === "thing" ? "Delete Thing" : "Take out of product"}
          </ConfirmButton>
        )}
        {device.product_slug !== null && device.claimed && (
          <ConfirmButton
            title="Release this device from its owner?"
            message="It stays in the product; the account that claimed it has it no longer."
            onConfirm={() => change(`${path}/owner`, "Device released from its owner")}
          >
            Release from owner
          </ConfirmButton>
        )}
        <ConfirmButton
          color="red"
          title="Erase what this device has said?"
          message={eraseMessage(device)}
          word="erase"
          onConfirm={() =>
            (device.kind === "thing" ? end : change)(erasePath(device), "What the device had said is erased")
          }
        >
          Erase its data
        </ConfirmButton>
      </Group>
    </Section>
  );
}

function endMessage({ kind, claimed }: DeviceRow): string {
  if (kind === "thing") return "It is deleted in its hub, too, and its keys are worth nothing from then on.";
  return claimed
    ? "It stays in the sandbox of the account that has claimed it."
    : "Nobody has claimed it, so it is forgotten and its tokens end. What it has said stays.";
}

function erasePath({ id }: DeviceRow): string {
  return `/admin/v1/devices/${segment(id)}/data`;
}

function eraseMessage({ kind }: DeviceRow): string {
  const what =
    kind === "thing"
      ? "The Thing and its state are deleted, in the hub too."
      : "Its events and deliveries are overwritten on disk, those that wait too. The device itself stays.";
  return `${what} This cannot be undone. Messages that a hub has taken and earlier backups are out of reach.`;
}
