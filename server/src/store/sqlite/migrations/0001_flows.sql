-- Times are milliseconds since the Unix epoch.

CREATE TABLE connections (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- JSON: the tools that the consent connected.
    tools TEXT NOT NULL,
    scope TEXT,
    token_type TEXT,
    key_id TEXT NOT NULL,
    access_token BLOB NOT NULL,
    refresh_token BLOB,
    access_expires_at INTEGER,
    -- Counts the token pairs that this row has held; whoever replaces one names the one it saw.
    generation INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disconnected_at INTEGER
) STRICT;

CREATE UNIQUE INDEX connections_active ON connections (user_id, provider) WHERE disconnected_at IS NULL;

CREATE TABLE flows (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'exchanging', 'completed', 'failed', 'cancelled', 'expired')),
    error_code TEXT,
    return_to TEXT,
    idempotency_key TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The expiry and the grace of a redirect in flight.
    claimable_until INTEGER NOT NULL,
    settled_at INTEGER,
    claim_id TEXT,
    claim_until INTEGER,
    connection_id TEXT REFERENCES connections (id),
    resumed_from TEXT,
    superseded_by TEXT,
    -- Rises with every change that a status reply can show.
    version INTEGER NOT NULL DEFAULT 1,
    CHECK ((status = 'completed') = (connection_id IS NOT NULL)),
    CHECK ((status IN ('pending', 'exchanging')) = (settled_at IS NULL)),
    CHECK (status <> 'exchanging' OR claim_id IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX flows_idempotency ON flows (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX flows_of_person ON flows (user_id, provider, created_at);
CREATE INDEX flows_pending ON flows (claimable_until) WHERE status = 'pending';
CREATE INDEX flows_exchanging ON flows (claim_until) WHERE status = 'exchanging';
CREATE INDEX flows_settled ON flows (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE attempts (
    -- SHA-256 of the state; the state itself is nowhere.
    state_hash BLOB PRIMARY KEY NOT NULL,
    flow_id TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie that binds the attempt to a browser.
    binding_hash BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    pkce_method TEXT CHECK (pkce_method IN ('S256')),
    key_id TEXT,
    verifier BLOB,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX attempts_of_flow ON attempts (flow_id);

-- Tokens that no connection took, until the provider knows that they are void.
CREATE TABLE revocations (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('refresh_token', 'access_token')),
    key_id TEXT NOT NULL,
    token BLOB NOT NULL,
    queued_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_due ON revocations (next_attempt_at);

-- The second guard of the state graph: whatever the code does, these are the only steps.
CREATE TRIGGER flows_step BEFORE UPDATE OF status ON flows
WHEN NEW.status <> OLD.status AND NOT (
    (OLD.status = 'pending' AND NEW.status IN ('exchanging', 'failed', 'cancelled', 'expired'))
    OR (OLD.status = 'exchanging' AND NEW.status IN ('completed', 'failed') AND NEW.claim_id IS OLD.claim_id)
    OR (OLD.status = 'failed' AND OLD.error_code = 'interrupted' AND NEW.status = 'completed' AND NEW.claim_id IS OLD.claim_id)
)
BEGIN
    SELECT RAISE(ABORT, 'a flow cannot take this step');
END;

CREATE TRIGGER flows_settled_result BEFORE UPDATE OF error_code, connection_id ON flows
WHEN OLD.settled_at IS NOT NULL AND NEW.status = OLD.status
    AND (NEW.error_code IS NOT OLD.error_code OR NEW.connection_id IS NOT OLD.connection_id)
BEGIN
    SELECT RAISE(ABORT, 'a settled flow is final');
END;

CREATE TRIGGER flows_owner BEFORE UPDATE OF id, user_id, provider ON flows
WHEN NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.provider <> OLD.provider
BEGIN
    SELECT RAISE(ABORT, 'a flow keeps its person and its provider');
END;

-- A verifier lives as long as its flow can still be claimed.
CREATE TRIGGER flows_verifiers AFTER UPDATE OF status ON flows
WHEN OLD.status = 'pending' AND NEW.status <> 'pending'
BEGIN
    UPDATE attempts SET verifier = NULL, key_id = NULL WHERE flow_id = NEW.id;
END;
