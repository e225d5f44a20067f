import { Anchor, Group } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { withQuery } from "../client/request.ts";
import { Page } from "../elements/page.tsx";
import { ReportSummary } from "./doctor/report-summary.tsx";
import { useDraftDoctor } from "./doctor/use-draft-doctor.ts";
import { connectionFields, EMPTY_HUB_FORM, type HubForm } from "./form/hub-form.ts";
import { HubFormStep } from "./form/hub-form-step.tsx";
import { PrepareStep } from "./prepare/prepare-step.tsx";

const STEPS = [
  { step: "prepare", title: "1. Prepare the hub" },
  { step: "form", title: "2. Choose the events" },
] as const;

type StepName = (typeof STEPS)[number]["step"];

const LOCAL: Partial<HubForm> = { hubName: "local", policyName: "", policyKey: "", secondaryKey: "" };

/** Sets up an integration with a hub: the hub and its policy first, then the events. What is typed stays on this page, keys above all. */
export function NewAzurePage() {
  const [, navigate] = useLocation();
  const [search] = useSearchParams();
  const [form, setForm] = useState(EMPTY_HUB_FORM);
  const doctor = useDraftDoctor();
  const step: StepName = search.get("step") === "form" ? "form" : "prepare";
  const product = search.get("product");

  const addressOf = (next: StepName, nextProduct = product): string =>
    withQuery("/integrations/new/azure", { step: next === "prepare" ? null : next, product: nextProduct });
  const change = (part: Partial<HubForm>): void => setForm((former) => ({ ...former, ...part }));
  const check = (part: Partial<HubForm> = {}): void => doctor.mutate(connectionFields({ ...form, ...part }));

  function takeLocalHub(): void {
    change(LOCAL);
    check(LOCAL);
    if (step !== "form") navigate(addressOf("form"));
  }

  return (
    <Page
      title="New integration: Azure IoT Hub"
      about="Each device's events become messages of that device in your hub."
      parent={{ title: "New integration", to: "/integrations/new" }}
    >
      <Group component="nav" gap="lg" aria-label="Steps">
        {STEPS.map((one) => (
          <Anchor
            key={one.step}
            component={Link}
            to={addressOf(one.step)}
            size="sm"
            fw={one.step === step ? 700 : 400}
            underline={one.step === step ? "always" : "hover"}
            {...(one.step === step && { "aria-current": "step" as const })}
          >
            {one.title}
          </Anchor>
        ))}
      </Group>
      {step === "prepare" ? (
        <PrepareStep
          form={form}
          doctor={doctor}
          onChange={change}
          onCheck={check}
          onLocal={takeLocalHub}
          onGoOn={() => navigate(addressOf("form"))}
        />
      ) : (
        <HubFormStep
          form={form}
          product={product}
          summary={
            <>
              <ReportSummary doctor={doctor} form={form} />
              <Anchor component={Link} to={addressOf("prepare")} size="sm">
                See the checks
              </Anchor>
            </>
          }
          onChange={change}
          onProduct={(next) => navigate(addressOf("form", next), { replace: true })}
          onLocal={takeLocalHub}
        />
      )}
    </Page>
  );
}
