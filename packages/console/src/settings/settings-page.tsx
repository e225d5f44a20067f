import { Stack, Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { Redirect, useLocation } from "wouter";
import { Page } from "../elements/page.tsx";
import { AboutSection } from "./about-section.tsx";
import { AccountSection } from "./account-section.tsx";
import { AccountsSection } from "./accounts-section.tsx";
import { ApiUsersSection } from "./api-users-section.tsx";
import { AuditSection } from "./audit-section.tsx";
import { BackupSection } from "./backup-section.tsx";
import { RetentionSection } from "./retention-section.tsx";
import { SecretsSection } from "./secrets-section.tsx";
import { SourcesSection } from "./sources/sources-section.tsx";
import { useAbout } from "./about.ts";

interface Part {
  readonly path: string;
  readonly title: string;
  readonly operatorOnly?: true;
  readonly show: (rest: string) => ReactNode;
}

const PARTS: readonly Part[] = [
  { path: "account", title: "Account", show: () => <AccountSection /> },
  { path: "api-users", title: "API users", show: () => <ApiUsersSection /> },
  { path: "sources", title: "Sources", show: (rest) => <SourcesSection rest={rest} /> },
  { path: "audit", title: "Audit log", show: () => <AuditSection /> },
  { path: "accounts", title: "Accounts", operatorOnly: true, show: () => <AccountsSection /> },
  { path: "retention", title: "Retention", operatorOnly: true, show: () => <RetentionSection /> },
  { path: "secrets", title: "Secrets", operatorOnly: true, show: () => <SecretsSection /> },
  { path: "backup", title: "Backup", operatorOnly: true, show: () => <BackupSection /> },
  { path: "about", title: "About", show: () => <AboutSection /> },
];

/** What concerns the account and the server. The operator sees more of it. */
export function SettingsPage() {
  const [location, navigate] = useLocation();
  const isOperator = useAbout().data?.operator ?? false;
  const [, , path = "", ...rest] = location.split("/");
  const part = PARTS.find((one) => one.path === (path === "" ? "account" : path));
  if (part === undefined) return <Redirect to="/settings" replace />;
  return (
    <Page title="Settings">
      <Tabs value={part.path} onChange={(next) => next !== null && navigate(`/settings/${next}`)} keepMounted={false}>
        <Stack>
          <Tabs.List aria-label="Settings">
            {PARTS.filter(({ operatorOnly, path: of }) => isOperator || !operatorOnly || of === part.path).map(
              (one) => (
                <Tabs.Tab key={one.path} value={one.path}>
                  {one.title}
                </Tabs.Tab>
              ),
            )}
          </Tabs.List>
          <Tabs.Panel value={part.path}>{part.show(rest.join("/"))}</Tabs.Panel>
        </Stack>
      </Tabs>
    </Page>
  );
}
