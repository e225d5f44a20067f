import type { ReactNode } from "react";
import { Redirect, useLocation } from "wouter";
import { Page } from "../elements/page.tsx";
import { TabLinks } from "../elements/tab-links.tsx";
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
  const [location] = useLocation();
  const isOperator = useAbout().data?.operator ?? false;
  const [, , path = "", ...rest] = location.split("/");
  const part = PARTS.find((one) => one.path === (path === "" ? "account" : path));
  if (part === undefined) return <Redirect to="/settings" replace />;
  const shown = PARTS.filter(({ operatorOnly, path: of }) => isOperator || !operatorOnly || of === part.path);
  const tabs = shown.map((one) => ({ title: one.title, to: `/settings/${one.path}`, active: one === part }));
  return (
    <Page title="Settings" part={part.title}>
      <TabLinks label="Settings" tabs={tabs} />
      <div>{part.show(rest.join("/"))}</div>
    </Page>
  );
}
