import { Page } from "../elements/page.tsx";

export function NewAzurePage() {
  return <Page title="Azure IoT Hub">…</Page>;
}
