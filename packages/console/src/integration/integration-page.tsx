import { Anchor, Code, Stack, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";
import { ApiFailure } from "../client/failure.ts";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { TabLinks } from "../elements/tab-links.tsx";
import { NotFoundPage } from "../shell/not-found-page.tsx";
import { DeliveriesTab } from "./deliveries-tab.tsx";
import { ExampleTab } from "./example-tab.tsx";
import { FailuresTab } from "./failures-tab.tsx";
import { HeadState } from "./head-state.tsx";
import { pageOf, useIntegration, useIntegrationState, type IntegrationDetail } from "./integration.ts";
import { MatchTab } from "./match-tab.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { PauseButton } from "./pause-button.tsx";
import { scopeInWords } from "./state-in-words.ts";
import { SettingsTab } from "./settings-tab.tsx";
import { TestButton } from "./test-button.tsx";

interface Tab {
  /** In the address; empty for the first. */
  readonly name: string;
  readonly title: string;
  readonly show: (integration: IntegrationDetail) => ReactNode;
  readonly count?: (integration: IntegrationDetail) => number;
}

const TABS: readonly Tab[] = [
  { name: "", title: "Overview", show: (integration) => <OverviewTab integration={integration} /> },
  { name: "deliveries", title: "Deliveries", show: (integration) => <DeliveriesTab integration={integration} /> },
  {
    name: "failures",
    title: "Failures",
    show: (integration) => <FailuresTab integration={integration} />,
    count: ({ counters }) => counters.ledger.parked + counters.retrying,
  },
  { name: "match", title: "Match lab", show: (integration) => <MatchTab integration={integration} /> },
  { name: "settings", title: "Settings", show: (integration) => <SettingsTab integration={integration} /> },
  { name: "example", title: "Example", show: (integration) => <ExampleTab integration={integration} /> },
];

const PARENT = { title: "Integrations", to: "/integrations" };

/** One integration: how it stands, what became of its events, what it is set to. */
export function IntegrationPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const { id = "" } = params;
  const name = params["*"] ?? "";
  const query = useIntegration(id);
  // Asked at the same time and waited for: what is wrong stands above the tabs, which would move when it came later.
  const standing = useIntegrationState(id);
  const tab = TABS.find((one) => one.name === (name === "overview" ? "" : name));
  if (tab === undefined) return <NotFoundPage />;
  if (query.error instanceof ApiFailure && query.error.status === 404) return <Gone id={id} />;
  const { data } = query;
  return (
    <Page
      title={data?.name ?? "Integration"}
      part={tab.title}
      parent={PARENT}
      {...(data && {
        about: <About integration={data} />,
        actions: (
          <>
            <PauseButton integration={data} />
            <TestButton integration={data} />
          </>
        ),
      })}
    >
      <Loaded query={standing.isPending ? { data: undefined, error: query.error } : query} lines={12}>
        {(integration) => (
          <Stack gap="md">
            <HeadState integration={integration} />
            <TabLinks
              label="Parts of the integration"
              tabs={TABS.map(({ name: to, title, count }) => ({
                title,
                to: pageOf(id, to),
                active: to === tab.name,
                ...(count && { count: count(integration) }),
              }))}
            />
            {/* What was typed or shown for one integration is not for the next. */}
            <Fragment key={id}>{tab.show(integration)}</Fragment>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

/** What it takes and where it sends it, in a sentence. */
function About({ integration }: { readonly integration: IntegrationDetail }) {
  const { scope, deviceID, target, integration_type: type } = integration;
  const { before, prefix, after } = scopeInWords(integration);
  return (
    <>
      {before} <Code className="foreign">{prefix}</Code>{" "}
      {scope.kind === "product" && scope.product_slug !== undefined ? (
        <>
          from any device of{" "}
          <Anchor
            component={Link}
            to={`/products/${encodeURIComponent(scope.product_slug)}`}
            inherit
            underline="always"
          >
            {scope.product_name}
          </Anchor>
        </>
      ) : (
        after
      )}{" "}
      {deviceID !== undefined && (
        <>
          <Anchor
            component={Link}
            to={`/devices/${encodeURIComponent(deviceID)}`}
            inherit
            underline="always"
            className="foreign"
          >
            {deviceID}
          </Anchor>{" "}
        </>
      )}
      and sends them to{" "}
      {type === "Webhook" ? (
        <span className="foreign">{target}</span>
      ) : (
        <Anchor
          component={Link}
          to={target === "local" ? "/hubs/local" : `/hubs/${encodeURIComponent(integration.connection_id ?? "")}`}
          inherit
          underline="always"
          className="foreign"
        >
          {target === "local" ? "the Local Hub" : target}
        </Anchor>
      )}
      .
    </>
  );
}

function Gone({ id }: { readonly id: string }) {
  return (
    <Page title="There is no such integration" parent={PARENT}>
      <Text>
        It was deleted, or <Code className="foreign">{id}</Code> is not one of yours.
      </Text>
    </Page>
  );
}
