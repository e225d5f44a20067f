import { describeDeliveries } from "./testing/deliveries-conformance.ts";
import { describeDeviceTraces } from "./testing/device-traces-conformance.ts";
import { describeDirectory } from "./testing/directory-conformance.ts";
import { describeFleet } from "./testing/fleet-conformance.ts";
import { describeHistory } from "./testing/history-conformance.ts";
import { describeLedger } from "./testing/ledger-conformance.ts";
import { describeLooking } from "./testing/looking-conformance.ts";
import { describeSources } from "./testing/sources-conformance.ts";
import { openSqlite } from "./testing/sqlite-under-test.ts";

describeDirectory(openSqlite);
describeDeviceTraces(openSqlite);
describeDeliveries(openSqlite);
describeFleet(openSqlite);
describeHistory(openSqlite);
describeLedger(openSqlite);
describeLooking(openSqlite);
describeSources(openSqlite);
