-- Format 1 of the endpoint's data file. A scope is ACCOUNT/REGION. No column holds a credential.
CREATE TABLE profiles (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    label TEXT,
    -- The JSON object that DescribeConnectorProfiles answers with.
    detail TEXT NOT NULL,
    -- Private mode only: when the private connection is made (milliseconds), and whether it fails.
    private_ready_at INTEGER,
    private_failed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE connectors (
    scope TEXT NOT NULL,
    label TEXT NOT NULL,
    -- NULL: a label registered from the start, since unregistered.
    detail TEXT,
    PRIMARY KEY (scope, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE flows (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The JSON object that DescribeFlow answers with, but for the tags.
    detail TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_profiles (
    scope TEXT NOT NULL,
    profile TEXT NOT NULL,
    flow TEXT NOT NULL,
    PRIMARY KEY (scope, profile, flow)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_profiles_by_flow ON flow_profiles (scope, flow);

CREATE TABLE tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    scope TEXT NOT NULL,
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    -- SHA-256 of the request without its credentials.
    digest BLOB NOT NULL,
    answer TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, operation, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_answer ON tokens (scope, answer);
