import { Code, Group, Stack, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { ApiFailure } from "../client/failure.ts";
import { segment } from "../client/request.ts";
import { useDevice, type DeviceRow } from "../devices/device-rows.ts";
import { ApprovalBadge, OnlineBadge } from "../devices/device-words.tsx";
import { Registration } from "../devices/registration.tsx";
import { CopyButton } from "../elements/copy-button.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { TabLinks } from "../elements/tab-links.tsx";
import { Time } from "../elements/time.tsx";
import { NotFoundPage } from "../shell/not-found-page.tsx";
import { CloudToDeviceTab } from "./cloud-to-device-tab.tsx";
import { InChosenHub } from "./hub-choice.tsx";
import { IdentityTab } from "./identity-tab.tsx";
import { KeysTab } from "./keys-tab.tsx";
import { MessagesTab } from "./messages-tab.tsx";
import { MethodTab } from "./method-tab.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { StateTab } from "./state-tab.tsx";
import { TwinTab } from "./twin-tab.tsx";
import type { InHub } from "./hub-device.ts";

interface Tab {
  /** In the address; empty for the first. */
  readonly name: string;
  readonly title: string;
  readonly show: (device: DeviceRow) => ReactNode;
}

const inHub =
  (show: (at: InHub, device: DeviceRow) => ReactNode): Tab["show"] =>
  (device) => <InChosenHub device={device}>{(at) => show(at, device)}</InChosenHub>;

const TABS: readonly Tab[] = [
  { name: "", title: "Overview", show: (device) => <OverviewTab device={device} /> },
  { name: "identity", title: "Identity", show: inHub((at) => <IdentityTab at={at} />) },
  { name: "twin", title: "Twin", show: inHub((at) => <TwinTab at={at} />) },
  { name: "messages", title: "Messages", show: inHub((at) => <MessagesTab at={at} />) },
  { name: "method", title: "Direct method", show: inHub((at) => <MethodTab at={at} />) },
  { name: "cloud-to-device", title: "Cloud-to-device", show: inHub((at) => <CloudToDeviceTab at={at} />) },
  { name: "keys", title: "Keys", show: inHub((at, device) => <KeysTab at={at} device={device} />) },
  { name: "state", title: "State", show: (device) => <StateTab device={device} /> },
  { name: "registration", title: "Registration", show: (device) => <Registration device={device} /> },
];

const PARENT = { title: "Devices", to: "/devices" };

/** One device: what it is here, and its side in each of its hubs. */
export function DevicePage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const { id = "" } = params;
  const name = params["*"] ?? "";
  const query = useDevice(id);
  const tab = TABS.find((one) => one.name === (name === "overview" ? "" : name));
  if (tab === undefined) return <NotFoundPage />;
  if (query.error instanceof ApiFailure && [403, 404].includes(query.error.status)) return <Gone id={id} />;
  const { data } = query;
  return (
    <Page
      title={data === undefined ? "Device" : (data.name ?? data.id)}
      part={tab.title}
      parent={PARENT}
      {...(data && { about: <About device={data} /> })}
    >
      <Loaded query={query} lines={12}>
        {(device) => (
          <Stack gap="md">
            <TabLinks
              label="Parts of the device"
              tabs={TABS.map(({ name: to, title }) => ({
                title,
                to: `/devices/${segment(id)}${to === "" ? "" : `/${to}`}`,
                active: to === tab.name,
              }))}
            />
            {/* What was typed or shown for one device is not for the next. */}
            <Fragment key={device.id}>{tab.show(device)}</Fragment>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function About({ device }: { readonly device: DeviceRow }) {
  return (
    <Group gap="md" mt={4}>
      <Group gap={6} wrap="nowrap">
        <Code className="foreign">{device.id}</Code>
        <CopyButton text={device.id} what="the device id" />
      </Group>
      {device.online && <OnlineBadge online />}
      <ApprovalBadge device={device} />
      <Text size="sm" component="span">
        Last heard: <Time at={device.last_heard} />
      </Text>
    </Group>
  );
}

function Gone({ id }: { readonly id: string }) {
  return (
    <Page title="There is no such device" parent={PARENT}>
      <Text>
        It was removed, or <Code className="foreign">{id}</Code> is not one of yours.
      </Text>
    </Page>
  );
}
