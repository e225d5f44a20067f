import { describeDirectory } from "./testing/directory-conformance.ts";
import { openSqlite } from "./testing/sqlite-under-test.ts";

describeDirectory(openSqlite);
