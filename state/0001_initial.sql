-- Facts about the store itself: lineage, serial, key_id.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

-- The managed resource instances, one row each. No secret: digests stand in their place.
CREATE TABLE resources (
    address               TEXT PRIMARY KEY NOT NULL,
    provider              TEXT NOT NULL,
    id                    TEXT NOT NULL,
    attributes            TEXT NOT NULL,
    dependencies          TEXT NOT NULL,
    schema_version        INTEGER NOT NULL,
    create_before_destroy INTEGER NOT NULL,
    tainted               INTEGER NOT NULL,
    deposed               TEXT NOT NULL
) STRICT;

-- Outputs of the root module.
CREATE TABLE outputs (
    name      TEXT PRIMARY KEY NOT NULL,
    value     TEXT NOT NULL,
    sensitive INTEGER NOT NULL
) STRICT;

-- Every run that wrote, for the history.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,
    ended_at   REAL,
    who        TEXT NOT NULL,
    command    TEXT NOT NULL,
    version    TEXT NOT NULL,
    outcome    TEXT
) STRICT;

-- The journal: a row is committed before a request that changes the service, and ended in the
-- transaction that records what the request did. A row whose status is 'started' or 'unknown' is
-- to be recovered.
CREATE TABLE operations (
    id         INTEGER PRIMARY KEY,
    run        INTEGER NOT NULL REFERENCES runs (id),
    address    TEXT NOT NULL,
    action     TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('started', 'succeeded', 'failed', 'unknown', 'superseded')),
    provider   TEXT NOT NULL,
    object_id  TEXT,
    token      TEXT NOT NULL,
    intended   TEXT,
    error      TEXT,
    started_at REAL NOT NULL,
    ended_at   REAL
) STRICT;

CREATE INDEX operations_open ON operations (token) WHERE status IN ('started', 'unknown');
