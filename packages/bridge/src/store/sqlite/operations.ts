/** All operations of the embedded store, by name: what the worker can be asked to do. */
import { appKeyOperations, type AppKeyOperations } from "./app-key-operations.ts";
import { accountOperations, type AccountOperations } from "./account-operations.ts";
import { apiUserOperations, type ApiUserOperations } from "./api-user-operations.ts";
import { auditOperations, type AuditOperations } from "./audit-operations.ts";
import { openBooks } from "./books.ts";
import { deliveryOperations, type DeliveryOperations } from "./delivery-operations.ts";
import { createDeviceCounts } from "./device-counts.ts";
import { deviceDetailOperations, type DeviceDetailOperations } from "./device-detail-operations.ts";
import { deviceGroupOperations, type DeviceGroupOperations } from "./device-group-operations.ts";
import { deviceSearchOperations, type DeviceSearchOperations } from "./device-search-operations.ts";
import { deviceOperations, type DeviceOperations } from "./device-operations.ts";
import { doctorReportOperations, type DoctorReportOperations } from "./doctor-report-operations.ts";
import { createEndings } from "./endings.ts";
import { eraseOperations, type EraseOperations } from "./erase-operations.ts";
import { createEventNumbers } from "./event-numbers.ts";
import { historyOperations, type HistoryOperations } from "./history-operations.ts";
import { createLastHeard } from "./last-heard.ts";
import { ledgerOperations, type LedgerOperations } from "./ledger-operations.ts";
import { operatorOperations, type OperatorOperations } from "./operator-operations.ts";
import { replayOperations, type ReplayOperations } from "./replay-operations.ts";
import { settleOperations, type SettleOperations } from "./settle-operations.ts";
import { deviceTraceOperations, type DeviceTraceOperations } from "./device-trace-operations.ts";
import { eventOperations, type EventOperations } from "./event-operations.ts";
import { eventSearchOperations, type EventSearchOperations } from "./event-search-operations.ts";
import { expiryOperations, type ExpiryOperations } from "./expiry-operations.ts";
import { identityOperations, type IdentityOperations } from "./identity-operations.ts";
import { integrationOperations, type IntegrationOperations } from "./integration-operations.ts";
import { parkedOperations, type ParkedOperations } from "./parked-operations.ts";
import { productOperations, type ProductOperations } from "./product-operations.ts";
import { pruneOperations, type PruneOperations } from "./prune-operations.ts";
import { seenOperations, type SeenOperations } from "./seen-operations.ts";
import { sealOperations, type SealOperations } from "./seal-operations.ts";
import { sourceOperations, type SourceOperations } from "./source-operations.ts";
import { hubMeterOperations, type HubMeterOperations } from "./hub-meter-operations.ts";
import { identityPlanOperations, type IdentityPlanOperations } from "./identity-plan-operations.ts";
import { identityScanOperations, type IdentityScanOperations } from "./identity-scan-operations.ts";
import { hubRemovalOperations, type HubRemovalOperations } from "./hub-removal-operations.ts";
import { readingOperations, type ReadingOperations } from "./reading-operations.ts";
import { stateOperations, type StateOperations } from "./state-operations.ts";
import { thingDeliveries } from "./thing-deliveries.ts";
import { thingOperations, type ThingOperations } from "./thing-operations.ts";
import { thingSearchOperations, type ThingSearchOperations } from "./thing-search-operations.ts";
import { stateSettingsOperations, type StateSettingsOperations } from "./state-settings-operations.ts";
import { toDeviceState } from "./state-rows.ts";
import { twinChangeOperations, type TwinChangeOperations } from "./twin-change-operations.ts";
import { transferOperations, type TransferOperations } from "./transfer-operations.ts";
import { recentEventOperations, type RecentEventOperations } from "./recent-event-operations.ts";
import { testIdentityOperations, type TestIdentityOperations } from "./test-identity-operations.ts";
import type { Transaction } from "./transaction.ts";

export interface Operations
  extends
    AccountOperations,
    ApiUserOperations,
    AppKeyOperations,
    AuditOperations,
    DeliveryOperations,
    DeviceDetailOperations,
    DeviceGroupOperations,
    DeviceOperations,
    DeviceSearchOperations,
    DeviceTraceOperations,
    DoctorReportOperations,
    EraseOperations,
    EventOperations,
    ExpiryOperations,
    HistoryOperations,
    HubMeterOperations,
    HubRemovalOperations,
    IdentityOperations,
    IdentityPlanOperations,
    IdentityScanOperations,
    IntegrationOperations,
    LedgerOperations,
    OperatorOperations,
    ParkedOperations,
    ProductOperations,
    PruneOperations,
    SealOperations,
    ReadingOperations,
    RecentEventOperations,
    EventSearchOperations,
    ReplayOperations,
    SeenOperations,
    SettleOperations,
    SourceOperations,
    StateOperations,
    StateSettingsOperations,
    TestIdentityOperations,
    ThingOperations,
    ThingSearchOperations,
    TransferOperations,
    TwinChangeOperations {
  /** Brings the tables up to date with what is gathered in memory, before the file is closed. */
  writeGathered(): null;
}

export function createOperations(transaction: Transaction): Operations {
  const books = openBooks(transaction);
  const endings = createEndings(transaction, books);
  const heard = createLastHeard(transaction);
  const countDevices = createDeviceCounts(transaction);
  const numbers = createEventNumbers(transaction);
  const states = stateOperations(transaction);
  const statesOfThings = {
    saveStates: states.saveStates,
    deviceStates: (ids: readonly string[]) => states.deviceStates(ids).map(toDeviceState),
  };
  const events = eventOperations(transaction, books.counters, heard, numbers);
  return {
    ...accountOperations(transaction),
    ...apiUserOperations(transaction),
    ...appKeyOperations(transaction),
    ...auditOperations(transaction),
    ...deliveryOperations(transaction),
    ...deviceDetailOperations(transaction),
    ...deviceGroupOperations(transaction),
    ...deviceOperations(transaction, heard, countDevices),
    ...deviceSearchOperations(transaction, heard, countDevices),
    ...deviceTraceOperations(transaction),
    ...doctorReportOperations(transaction),
    ...eraseOperations(transaction, books, numbers),
    ...events,
    ...expiryOperations(transaction, endings),
    ...historyOperations(transaction, books),
    ...hubMeterOperations(transaction, books.meter),
    ...hubRemovalOperations(transaction),
    ...identityOperations(transaction),
    ...identityPlanOperations(transaction),
    ...identityScanOperations(transaction),
    ...integrationOperations(transaction, books.logs),
    ...ledgerOperations(transaction, books.counters),
    ...operatorOperations(transaction, numbers),
    ...parkedOperations(transaction, books, endings, events),
    ...productOperations(transaction),
    ...sealOperations(transaction),
    ...pruneOperations(transaction, numbers),
    ...readingOperations(transaction),
    ...recentEventOperations(transaction),
    ...eventSearchOperations(transaction),
    ...replayOperations(transaction, books.counters, endings, numbers),
    ...testIdentityOperations(transaction),
    ...seenOperations(transaction, events),
    ...settleOperations(transaction, books),
    ...sourceOperations(transaction),
    ...states,
    ...thingOperations(transaction, { states: statesOfThings, deliveries: thingDeliveries(transaction, endings) }),
    ...thingSearchOperations(transaction),
    ...stateSettingsOperations(transaction),
    ...transferOperations(transaction),
    ...twinChangeOperations(transaction),
    writeGathered() {
      heard.write();
      books.logs.writeAll();
      books.counters.buckets.write();
      return null;
    },
  };
}
