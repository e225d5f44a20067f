import { Stack } from "@mantine/core";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { TabLinks } from "../elements/tab-links.tsx";
import { NotFoundPage } from "../shell/not-found-page.tsx";
import { pathOf, titleOf, useConnection } from "./connection.ts";
import { HubOverview } from "./hub-overview.tsx";
import { IdentitiesTab } from "./identities-tab.tsx";

const TABS = [
  { name: "", title: "Overview" },
  { name: "identities", title: "Identities" },
] as const;

/** One hub connection. */
export function HubPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const { connection: id = "" } = params;
  const tab = TABS.find(({ name }) => name === (params["*"] ?? ""));
  const query = useConnection(id);
  if (tab === undefined) return <NotFoundPage />;
  const { data } = query;
  return (
    <Page
      title={data === undefined ? "Hub" : titleOf(data.connection)}
      part={tab.title}
      parent={{ title: "Hubs", to: "/hubs" }}
      {...(data && { about: `${data.connection.host_name} · policy ${data.connection.policy_name || "iothubowner"}` })}
    >
      <Loaded query={query} lines={10}>
        {(detail) => (
          <Stack gap="md">
            <TabLinks
              label="Parts of the hub"
              tabs={TABS.map(({ name, title }) => ({ title, to: pathOf(id, name), active: name === tab.name }))}
            />
            {tab.name === "" ? (
              <HubOverview key={id} detail={detail} seenAt={query.dataUpdatedAt} />
            ) : (
              <IdentitiesTab key={id} connectionId={id} />
            )}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}
