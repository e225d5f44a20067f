/** Forward-only migrations; `user_version` counts those applied. Times are unix milliseconds, booleans 0 and 1. */
import type { Database } from "./driver.ts";

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE account (
    id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE COLLATE NOCASE, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE access_token (
    hash TEXT PRIMARY KEY, account_id TEXT NOT NULL, client TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX access_token_account ON access_token (account_id);

  CREATE TABLE product (
    id INTEGER PRIMARY KEY AUTOINCREMENT, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT NOT NULL,
    owner_id TEXT NOT NULL, created_at INTEGER NOT NULL
  );
  INSERT INTO sqlite_sequence (name, seq) VALUES ('product', 10000);

  CREATE TABLE device (
    id TEXT PRIMARY KEY, name TEXT, owner_id TEXT, product_id INTEGER, approval TEXT NOT NULL, firmware_version INTEGER,
    notes TEXT, last_heard INTEGER, created_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX device_name ON device (owner_id, name) WHERE owner_id IS NOT NULL AND name IS NOT NULL;
  CREATE INDEX device_product ON device (product_id, id) WHERE product_id IS NOT NULL;
  CREATE TABLE device_token (hash TEXT PRIMARY KEY, device_id TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX device_token_device ON device_token (device_id);

  CREATE TABLE hub_connection (
    id TEXT PRIMARY KEY, host_name TEXT NOT NULL, policy_name TEXT NOT NULL, sealed_key TEXT NOT NULL, key_print TEXT NOT NULL,
    UNIQUE (host_name, policy_name, key_print)
  ) WITHOUT ROWID;
  CREATE TABLE integration (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, scope_kind TEXT NOT NULL, scope_id TEXT NOT NULL, event TEXT NOT NULL, device_id TEXT,
    name TEXT NOT NULL, hub_name TEXT NOT NULL, policy_name TEXT NOT NULL, connection_id TEXT NOT NULL, template TEXT,
    name_sync INTEGER NOT NULL, disabled INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX integration_scope ON integration (scope_kind, scope_id);

  CREATE TABLE event (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, data TEXT, content_type TEXT NOT NULL, device_id TEXT,
    product_id INTEGER, firmware_version INTEGER, published_at INTEGER NOT NULL, received_at INTEGER NOT NULL
  );
  CREATE TABLE delivery (
    id INTEGER PRIMARY KEY, event_seq INTEGER NOT NULL, integration_id TEXT NOT NULL, device_id TEXT NOT NULL, seq INTEGER NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, accepted_at INTEGER NOT NULL, settled_at INTEGER, next_attempt_at INTEGER,
    failure TEXT
  );
  CREATE INDEX delivery_pending ON delivery (integration_id, device_id, seq) WHERE state = 0;
  CREATE INDEX delivery_state ON delivery (integration_id, state, id);
  CREATE TABLE lane (
    integration_id TEXT NOT NULL, device_id TEXT NOT NULL, last_seq INTEGER NOT NULL, PRIMARY KEY (integration_id, device_id)
  ) WITHOUT ROWID;
  CREATE TABLE integration_day (
    integration_id TEXT NOT NULL, day TEXT NOT NULL, accepted INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (integration_id, day)
  ) WITHOUT ROWID;

  CREATE TABLE identity (
    connection_id TEXT NOT NULL, device_id TEXT NOT NULL, generation_id TEXT NOT NULL, name_written TEXT, created_at INTEGER NOT NULL,
    PRIMARY KEY (connection_id, device_id)
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE hub_connection ADD COLUMN sealed_secondary_key TEXT;
  ALTER TABLE hub_connection ADD COLUMN entra TEXT;
  ALTER TABLE hub_connection ADD COLUMN sealed_client_secret TEXT;
  `,
  `
  CREATE TABLE device_trace (
    device_id TEXT PRIMARY KEY, description TEXT, connected_at INTEGER, address TEXT
  ) WITHOUT ROWID;
  `,
  // What sources call their events, so that a repeated one is told from a new one; where events come from.
  `
  CREATE TABLE seen_event (
    seq INTEGER PRIMARY KEY, print TEXT NOT NULL UNIQUE, event_id TEXT NOT NULL, at INTEGER NOT NULL
  );
  CREATE TABLE source (
    id TEXT PRIMARY KEY, product_id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, disabled INTEGER NOT NULL,
    options TEXT NOT NULL, sealed_secret TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX source_product ON source (product_id, created_at);
  CREATE TABLE source_progress (source_id TEXT PRIMARY KEY, progress TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE source_gap (
    id INTEGER PRIMARY KEY, source_id TEXT NOT NULL, began_at INTEGER NOT NULL, ended_at INTEGER, reason TEXT NOT NULL
  );
  CREATE INDEX source_gap_source ON source_gap (source_id, id);
  CREATE TABLE source_device (
    source_id TEXT NOT NULL, device_id TEXT NOT NULL, name TEXT, approval TEXT NOT NULL, PRIMARY KEY (source_id, device_id)
  ) WITHOUT ROWID;
  `,
  `
  -- Accounts made before there was a choice were the operator's.
  ALTER TABLE account ADD COLUMN operator INTEGER NOT NULL DEFAULT 0;
  UPDATE account SET operator = 1;
  CREATE TABLE api_user (
    id TEXT PRIMARY KEY, product_id INTEGER NOT NULL, username TEXT NOT NULL UNIQUE, friendly_name TEXT NOT NULL, scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX api_user_product ON api_user (product_id);
  `,
  // Integrations of several types: what only one type has is in `options`, as JSON.
  `
  CREATE TABLE typed_integration (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, scope_kind TEXT NOT NULL, scope_id TEXT NOT NULL, event TEXT NOT NULL, device_id TEXT,
    name TEXT NOT NULL, connection_id TEXT, options TEXT NOT NULL, daily_cap INTEGER, disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO typed_integration
    SELECT id, type, scope_kind, scope_id, event, device_id, name, connection_id,
      json_object('hubName', hub_name, 'policyName', policy_name, 'template', json(template),
        'nameSync', CASE name_sync WHEN 1 THEN 'continuous' ELSE 'once' END),
      NULL, disabled, created_at, updated_at FROM integration;
  DROP TABLE integration;
  ALTER TABLE typed_integration RENAME TO integration;
  CREATE INDEX integration_scope ON integration (scope_kind, scope_id);
  `,
  `
  ALTER TABLE product ADD COLUMN quarantine INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE device ADD COLUMN serial_number TEXT;
  ALTER TABLE device ADD COLUMN desired_firmware_version INTEGER;
  ALTER TABLE device ADD COLUMN development INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE product_group (
    product_id INTEGER NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY (product_id, name)
  ) WITHOUT ROWID;
  CREATE TABLE device_group (
    device_id TEXT NOT NULL, product_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (device_id, name)
  ) WITHOUT ROWID;
  CREATE INDEX device_group_name ON device_group (product_id, name);
  CREATE TABLE device_transfer (
    id TEXT PRIMARY KEY, device_id TEXT NOT NULL, requester_id TEXT NOT NULL, requested_at INTEGER NOT NULL,
    UNIQUE (device_id, requester_id)
  ) WITHOUT ROWID;
  CREATE INDEX device_transfer_requester ON device_transfer (requester_id);
  `,
  // How often identities have vanished from hubs: one that somebody keeps deleting is not made again for ever.
  `
  CREATE TABLE identity_loss (
    connection_id TEXT NOT NULL, device_id TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (connection_id, device_id)
  ) WITHOUT ROWID;
  CREATE INDEX identity_loss_day ON identity_loss (day);
  `,
  // What a webhook's integration has of secrets.
  "ALTER TABLE integration ADD COLUMN sealed_secrets TEXT",
  // Deliveries that one can see and act on: causes, tries, the log, counts over time, replays, what operators must know.
  `
  ALTER TABLE delivery ADD COLUMN code TEXT;
  ALTER TABLE delivery ADD COLUMN reason TEXT;
  ALTER TABLE delivery ADD COLUMN replay_id TEXT;
  ALTER TABLE delivery ADD COLUMN waiting_since INTEGER;
  UPDATE delivery SET code = json_extract(failure, '$.code') WHERE failure IS NOT NULL;
  CREATE INDEX delivery_code ON delivery (integration_id, code, state, id) WHERE code IS NOT NULL;
  CREATE INDEX delivery_device ON delivery (integration_id, device_id, id);
  DROP INDEX delivery_pending;
  CREATE INDEX delivery_pending ON delivery (integration_id, device_id, seq) WHERE state = 0 AND replay_id IS NULL;
  CREATE INDEX delivery_replaying ON delivery (integration_id, device_id, seq) WHERE state = 0 AND replay_id IS NOT NULL;
  ALTER TABLE event ADD COLUMN replayed INTEGER;

  CREATE TABLE attempt (
    delivery_id INTEGER NOT NULL, at INTEGER NOT NULL, outcome INTEGER NOT NULL, failure TEXT,
    PRIMARY KEY (delivery_id, at)
  ) WITHOUT ROWID;
  CREATE TABLE integration_log (
    integration_id TEXT NOT NULL, failed INTEGER NOT NULL, records TEXT NOT NULL, PRIMARY KEY (integration_id, failed)
  ) WITHOUT ROWID;
  CREATE TABLE cause (
    integration_id TEXT NOT NULL, code TEXT NOT NULL, parked INTEGER NOT NULL, seen INTEGER NOT NULL, first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL, message TEXT NOT NULL, sample_id INTEGER, PRIMARY KEY (integration_id, code)
  ) WITHOUT ROWID;
  INSERT INTO cause
    SELECT integration_id, code, count(*), count(*), min(settled_at), max(settled_at), max(json_extract(failure, '$.message')), max(id)
    FROM delivery WHERE state = 2 AND code IS NOT NULL GROUP BY integration_id, code;
  CREATE TABLE bucket (
    subject TEXT NOT NULL, start INTEGER NOT NULL, accepted INTEGER NOT NULL, delivered INTEGER NOT NULL, failed INTEGER NOT NULL,
    PRIMARY KEY (subject, start)
  ) WITHOUT ROWID;
  CREATE INDEX bucket_minute ON bucket (start) WHERE start % 900000 <> 0;
  CREATE INDEX bucket_quarter ON bucket (start) WHERE start % 900000 = 0;
  CREATE TABLE expired_by (
    integration_id TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (integration_id, reason)
  ) WITHOUT ROWID;
  CREATE TABLE deleted_integration (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, event TEXT NOT NULL, scope_kind TEXT NOT NULL, scope_id TEXT NOT NULL,
    deleted_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE replay (
    id TEXT PRIMARY KEY, integration_id TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, device_id TEXT, event TEXT,
    state TEXT NOT NULL, position INTEGER NOT NULL, last_id INTEGER NOT NULL, queued INTEGER NOT NULL, delivered INTEGER NOT NULL,
    parked INTEGER NOT NULL, expired INTEGER NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX replay_integration ON replay (integration_id, created_at);
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE numbers (only INTEGER PRIMARY KEY CHECK (only = 1), event INTEGER NOT NULL, delivery INTEGER NOT NULL);
  INSERT INTO numbers VALUES (1, 0, 0);
  CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, message TEXT NOT NULL, at INTEGER NOT NULL, acknowledged_at INTEGER
  );
  `,
  // Identities that a hub has only because of a TEST: noted before they are made, so that none stays behind.
  `
  CREATE TABLE test_identity (
    connection_id TEXT NOT NULL, device_id TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (connection_id, device_id)
  ) WITHOUT ROWID;
  `,
  // States of devices that a hub mirrors, and how far its messages have been read. Small columns stand before the long ones.
  `
  CREATE TABLE device_state (
    device_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, reach TEXT NOT NULL, connection_id TEXT, hub_device_id TEXT NOT NULL,
    pending_since INTEGER, due_at INTEGER NOT NULL, message_pending INTEGER NOT NULL, missing_since INTEGER, etag TEXT,
    generation_id TEXT NOT NULL, status TEXT NOT NULL, connection_state TEXT NOT NULL, last_activity INTEGER,
    conflicts INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    trouble TEXT, state TEXT NOT NULL, desired TEXT NOT NULL, reported TEXT NOT NULL, stamps TEXT NOT NULL
  );
  CREATE UNIQUE INDEX device_state_hub ON device_state (connection_id, hub_device_id) WHERE connection_id IS NOT NULL;
  CREATE INDEX device_state_order ON device_state (connection_id, device_id);
  CREATE INDEX device_state_pending ON device_state (connection_id, pending_since, due_at) WHERE pending_since IS NOT NULL;
  CREATE INDEX device_state_count ON device_state (connection_id, reach, pending_since, missing_since);
  CREATE TABLE state_conflict (
    id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL, ours TEXT NOT NULL,
    theirs TEXT NOT NULL, their_source TEXT NOT NULL, kept TEXT NOT NULL, rule TEXT NOT NULL
  );
  CREATE INDEX state_conflict_device ON state_conflict (device_id, id);
  CREATE TABLE state_settings (
    id TEXT PRIMARY KEY, scope_kind TEXT NOT NULL, scope_id TEXT NOT NULL, options TEXT NOT NULL, sealed_endpoint TEXT,
    hub_name TEXT, policy_name TEXT, connection_id TEXT
  ) WITHOUT ROWID;
  CREATE TABLE reading (
    connection_id TEXT NOT NULL, consumer_group TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (connection_id, consumer_group)
  ) WITHOUT ROWID;
  CREATE TABLE reading_position (
    connection_id TEXT NOT NULL, consumer_group TEXT NOT NULL, partition_id TEXT NOT NULL, event_offset TEXT NOT NULL,
    sequence_number INTEGER NOT NULL, enqueued_time INTEGER NOT NULL, PRIMARY KEY (connection_id, consumer_group, partition_id)
  ) WITHOUT ROWID;
  CREATE TABLE hub_removal (
    connection_id TEXT NOT NULL, hub_device_id TEXT NOT NULL, product_id INTEGER, since INTEGER NOT NULL, attempts INTEGER NOT NULL,
    retry_at INTEGER NOT NULL, reason TEXT, PRIMARY KEY (connection_id, hub_device_id)
  ) WITHOUT ROWID;
  CREATE INDEX hub_removal_due ON hub_removal (retry_at);
  CREATE INDEX integration_connection ON integration (connection_id) WHERE connection_id IS NOT NULL;
  `,
  // Things, those whose device may be in the hub before they are, and the secrets of apps.
  `
  CREATE TABLE thing (
    doc_id INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, product_id INTEGER NOT NULL, name TEXT NOT NULL,
    timestamp INTEGER NOT NULL, updated INTEGER, creator_id TEXT, parent_id TEXT, tags TEXT NOT NULL, votes INTEGER NOT NULL,
    version INTEGER NOT NULL, stored INTEGER NOT NULL, indexed INTEGER NOT NULL, cached INTEGER NOT NULL,
    properties TEXT NOT NULL, revision INTEGER NOT NULL
  );
  CREATE INDEX thing_product ON thing (product_id);
  CREATE INDEX thing_timestamp ON thing (product_id, timestamp);
  CREATE TABLE noted_thing (
    id TEXT PRIMARY KEY, product_id INTEGER NOT NULL, connection_id TEXT NOT NULL, thing TEXT NOT NULL, run TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX noted_thing_product ON noted_thing (product_id);
  CREATE TABLE app_key (id INTEGER PRIMARY KEY, sealed_secret TEXT NOT NULL);
  `,
  `
  CREATE TABLE doctor_report (integration_id TEXT PRIMARY KEY, report TEXT NOT NULL) WITHOUT ROWID;
  `,
  // What hubs meter, what they allow, which identities were made here, and what was done to identities on purpose.
  `
  ALTER TABLE identity ADD COLUMN origin TEXT;
  CREATE TABLE hub_meter (
    connection_id TEXT NOT NULL, start INTEGER NOT NULL, kind TEXT NOT NULL, messages INTEGER NOT NULL, blocks INTEGER NOT NULL,
    free_blocks INTEGER NOT NULL, PRIMARY KEY (connection_id, start, kind)
  ) WITHOUT ROWID;
  CREATE TABLE hub_facts (connection_id TEXT PRIMARY KEY, name TEXT, tier TEXT, units INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE identity_plan (
    id TEXT PRIMARY KEY, connection_id TEXT NOT NULL, account_id TEXT NOT NULL, state TEXT NOT NULL, planned TEXT NOT NULL,
    results TEXT NOT NULL, message TEXT, created_at INTEGER NOT NULL, ended_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX identity_plan_connection ON identity_plan (connection_id, created_at);
  CREATE TABLE identity_plan_line (
    plan_id TEXT NOT NULL, line INTEGER NOT NULL, action TEXT NOT NULL, hub_device_id TEXT NOT NULL, result TEXT NOT NULL,
    message TEXT, PRIMARY KEY (plan_id, line)
  ) WITHOUT ROWID;
  `,
  // Who made an event that no device published.
  "ALTER TABLE event ADD COLUMN account_id TEXT",
  // Lists of devices in three orders, of a product and of an account. What a list is searched by stands in its index.
  `
  DROP INDEX device_product;
  CREATE INDEX device_product ON device (product_id, id, name, serial_number, approval) WHERE product_id IS NOT NULL;
  CREATE INDEX device_product_name ON device (product_id, name COLLATE NOCASE, id, serial_number, approval)
    WHERE product_id IS NOT NULL;
  CREATE INDEX device_product_heard ON device (product_id, last_heard, id) WHERE product_id IS NOT NULL;
  CREATE INDEX device_owner ON device (owner_id, id, name, serial_number, approval, product_id) WHERE owner_id IS NOT NULL;
  CREATE INDEX device_owner_name ON device (owner_id, name COLLATE NOCASE, id, serial_number, approval, product_id)
    WHERE owner_id IS NOT NULL;
  CREATE INDEX device_owner_heard ON device (owner_id, last_heard, id, product_id) WHERE owner_id IS NOT NULL;
  `,
  // Who changed what. Entries of no account's log have the empty account.
  `
  CREATE TABLE audit_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, last_at INTEGER NOT NULL, count INTEGER NOT NULL,
    account_id TEXT NOT NULL, actor_kind TEXT NOT NULL, actor_name TEXT, action TEXT NOT NULL, route TEXT NOT NULL,
    objects TEXT NOT NULL, status INTEGER NOT NULL, code TEXT, address TEXT NOT NULL
  );
  CREATE INDEX audit_entry_account ON audit_entry (account_id, id);
  `,
  // What became of twins.
  `
  CREATE TABLE twin_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT, device_id TEXT NOT NULL, connection_id TEXT NOT NULL, hub_device_id TEXT NOT NULL,
    at INTEGER NOT NULL, by_kind TEXT NOT NULL, by_name TEXT, section TEXT NOT NULL, patch TEXT NOT NULL, version INTEGER
  );
  CREATE INDEX twin_change_device ON twin_change (device_id, section, id);
  CREATE INDEX twin_change_age ON twin_change (at);
  `,
  // A twin is its hub's, whichever connection leads there.
  "ALTER TABLE twin_change RENAME COLUMN connection_id TO host_name",
];

/** Brings the file to the newest schema, or to the `newest` first ones of its history; refuses one that a newer release has written. */
export function migrate(db: Database, newest: number = MIGRATIONS.length): void {
  const version = schemaVersion(db);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `The data folder was written by a newer release (schema ${version}, this one knows ${MIGRATIONS.length}).`,
    );
  }
  for (const [i, sql] of MIGRATIONS.slice(0, newest).entries()) {
    if (i < version) continue;
    db.exec("BEGIN IMMEDIATE");
    db.exec(sql);
    db.exec(`PRAGMA user_version = ${i + 1}`);
    db.exec("COMMIT");
  }
}

/**
 * WAL with synchronous=FULL: every commit is flushed before it returns. Read back, because drivers are compiled with
 * other defaults and a pragma that is not understood is silently ignored.
 */
export function setDurability(db: Database): void {
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  db.prepare("PRAGMA journal_mode = WAL").get();
  db.exec("PRAGMA synchronous = FULL");
  // What is deleted is overwritten, so that erasing means erasing, of what was forgotten before too.
  db.exec("PRAGMA secure_delete = ON");
  moveLogWhenLong(db, true);
  db.exec("PRAGMA cache_size = -32000");
  const mode = db.prepare("PRAGMA journal_mode").get()?.["journal_mode"];
  const level = db.prepare("PRAGMA synchronous").get()?.["synchronous"];
  if (mode !== "wal" || level !== 2) {
    throw new Error(`SQLite would not flush every commit (journal_mode=${mode}, synchronous=${level}).`);
  }
}

/** Off: the log grows, and the database file itself stays as it is, so that it can be copied. */
export function moveLogWhenLong(db: Database, isOn: boolean): void {
  db.exec(`PRAGMA wal_autocheckpoint = ${isOn ? 2000 : 0}`);
}

/** Moves a copy's log into its file, which is whole by itself then. Throws when the copy is damaged. */
export function finishCopy(db: Database): void {
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  const mode = db.prepare("PRAGMA journal_mode = DELETE").get()?.["journal_mode"];
  const [check] = Object.values(db.prepare("PRAGMA quick_check").get() ?? {});
  if (mode !== "delete" || check !== "ok") throw new Error(`The copy is not whole (${mode}, ${check}).`);
}

/** How many migrations a file has seen. */
export function schemaVersion(db: Database): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}
