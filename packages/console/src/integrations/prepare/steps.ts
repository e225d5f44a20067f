/** What has to be there in Azure before events can go to a hub: how to make it, and which checks tell that it is right. */
import type { DoctorCheck } from "../../integration/doctor.ts";

export interface Step {
  readonly title: string;
  readonly portal: readonly string[];
  /** For a shell with the Azure CLI. */
  readonly commands: (names: Names) => string;
  readonly checks: readonly string[];
}

/** What stands in the form. */
export interface Names {
  readonly hubName: string;
  readonly policyName: string;
}

export const STEPS: readonly Step[] = [
  {
    title: "Make the hub",
    portal: [
      "Azure portal > Create a resource > IoT Hub: choose a name and a region.",
      "Any tier takes events. Free and Standard have twins, where device names are written; Basic has none.",
    ],
    commands: (names) => `az iot hub create --resource-group my-group --name ${hubOf(names)} --sku S1`,
    checks: ["name_resolution", "tier", "quota"],
  },
  {
    title: "Make a policy with the four permissions",
    portal: [
      "Your hub > Security settings > Shared access policies > Add shared access policy.",
      "Tick Registry Read, Registry Write, Service Connect and Device Connect.",
      "Open it again and copy its primary connection string into the box above.",
    ],
    commands: (names) =>
      [
        `az iot hub policy create --hub-name ${hubOf(names)} --name ${policyOf(names)} \\`,
        "  --permissions RegistryRead RegistryWrite ServiceConnect DeviceConnect",
        `az iot hub connection-string show --hub-name ${hubOf(names)} --policy-name ${policyOf(names)}`,
      ].join("\n"),
    checks: [
      "primary_key",
      "secondary_key",
      "entra",
      "registry_read",
      "registry_write",
      "service_connect",
      "device_connect",
      "cleanup",
    ],
  },
  {
    title: "Let this server reach it",
    portal: [
      "Your hub > Security settings > Networking: public access for all networks, or for this server's address.",
      "A firewall on this side must let ports 443 and 5671 out.",
    ],
    commands: (names) => `az iot hub update --name ${hubOf(names)} --set properties.publicNetworkAccess=Enabled`,
    checks: ["https", "amqps", "clock"],
  },
];

/** The report's lines of one step; those that no step knows stand with the last. */
export function checksOf(step: Step, checks: readonly DoctorCheck[]): readonly DoctorCheck[] {
  const known = new Set(STEPS.flatMap((one) => one.checks));
  const isLast = step === STEPS.at(-1);
  return checks.filter(({ name }) => step.checks.includes(name) || (isLast && !known.has(name)));
}

/** Only what needs no quotes in a shell goes into a command. */
function hubOf({ hubName }: Names): string {
  const [name = ""] = hubName.trim().split(".", 1);
  return /^[A-Za-z0-9-]{3,50}$/.test(name) && name.toLowerCase() !== "local" ? name : "my-hub";
}

function policyOf({ policyName }: Names): string {
  const name = policyName.trim();
  return /^[A-Za-z0-9-]{1,64}$/.test(name) ? name : "isthmus";
}
