-- Times are milliseconds since the Unix epoch, by the clock of the instance that writes them.

-- Each person's counter. A change takes its next number in its own transaction and holds the row until it commits, so
-- the order of numbers is the order of commits. It lives for ever: a number that came twice would hide a change.
CREATE TABLE people (
    user_id TEXT PRIMARY KEY NOT NULL,
    -- What a notification carries: who listens learns nothing of the person from it.
    number BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- The number of their last change.
    version BIGINT NOT NULL,
    -- The highest number whose row is gone: whoever knows less cannot be told everything.
    forgotten BIGINT NOT NULL DEFAULT 0,
    -- By the database's clock, for the look that finds what no notification told.
    changed_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX people_changed ON people (changed_at);

CREATE TABLE connections (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- JSON: the tools that the consent connected.
    tools TEXT NOT NULL,
    scope TEXT,
    token_type TEXT,
    key_id TEXT NOT NULL,
    access_token BYTEA NOT NULL,
    refresh_token BYTEA,
    -- When the access token was issued: how long it lives decides when it is refreshed.
    access_issued_at BIGINT,
    access_expires_at BIGINT,
    -- Counts the token pairs that this row has held; whoever replaces one names the one it saw.
    generation BIGINT NOT NULL DEFAULT 1,
    -- Why the person has to connect again; NULL while they need not.
    reauth_reason TEXT,
    -- Who may ask the provider, and until when. It also bounds the request: whoever holds it sends nothing after it.
    lease_id TEXT,
    lease_until BIGINT,
    -- The generation whose refresh token may have been used though no answer came: written before it is sent.
    sent_generation BIGINT,
    -- Why the last refresh did not work, and until when the provider is left alone.
    refresh_error TEXT,
    cooling_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disconnected_at BIGINT,
    -- The number of the last change that a reply can show.
    version BIGINT NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX connections_active ON connections (user_id, provider) WHERE disconnected_at IS NULL;
CREATE INDEX connections_changes ON connections (user_id, version);

CREATE TABLE flows (
    id TEXT PRIMARY KEY NOT NULL,
    -- In the order they were made, where the clock's milliseconds are equal.
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'exchanging', 'completed', 'failed', 'cancelled', 'expired')),
    error_code TEXT,
    return_to TEXT,
    idempotency_key TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The expiry and the grace of a redirect in flight.
    claimable_until BIGINT NOT NULL,
    settled_at BIGINT,
    claim_id TEXT,
    claim_until BIGINT,
    connection_id TEXT REFERENCES connections (id),
    resumed_from TEXT,
    superseded_by TEXT,
    -- The number of the last change that a reply can show.
    version BIGINT NOT NULL DEFAULT 1,
    CHECK ((status = 'completed') = (connection_id IS NOT NULL)),
    CHECK ((status IN ('pending', 'exchanging')) = (settled_at IS NULL)),
    CHECK (status <> 'exchanging' OR claim_id IS NOT NULL)
);

CREATE UNIQUE INDEX flows_idempotency ON flows (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX flows_of_person ON flows (user_id, provider, created_at);
CREATE INDEX flows_changes ON flows (user_id, version);
CREATE INDEX flows_pending ON flows (claimable_until) WHERE status = 'pending';
CREATE INDEX flows_exchanging ON flows (claim_until) WHERE status = 'exchanging';
CREATE INDEX flows_settled ON flows (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE attempts (
    -- SHA-256 of the state; the state itself is nowhere.
    state_hash BYTEA PRIMARY KEY NOT NULL,
    flow_id TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie that binds the attempt to a browser.
    binding_hash BYTEA NOT NULL,
    redirect_uri TEXT NOT NULL,
    pkce_method TEXT CHECK (pkce_method IN ('S256')),
    key_id TEXT,
    verifier BYTEA,
    created_at BIGINT NOT NULL
);

CREATE INDEX attempts_of_flow ON attempts (flow_id);

-- Tokens that no connection took, until the provider knows that they are void.
CREATE TABLE revocations (
    id TEXT PRIMARY KEY NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('refresh_token', 'access_token')),
    key_id TEXT NOT NULL,
    token BYTEA NOT NULL,
    queued_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT NOT NULL
);

CREATE INDEX revocations_due ON revocations (next_attempt_at);

-- The next number of a person, and a word to whoever listens once it is committed. The functions name their schema, so
-- that they do the same for an operator whose session has another search path.
CREATE FUNCTION next_version(person TEXT) RETURNS BIGINT LANGUAGE plpgsql SET search_path = oauth_sync AS $$
DECLARE
    risen people%ROWTYPE;
BEGIN
    INSERT INTO people AS known (user_id, version, changed_at)
    VALUES (person, 1, clock_timestamp())
    ON CONFLICT (user_id) DO UPDATE SET version = known.version + 1, changed_at = clock_timestamp()
    RETURNING * INTO risen;
    PERFORM pg_notify('oauth_sync', risen.number::TEXT);
    RETURN risen.version;
END
$$;

-- The second guard of the state graph: whatever the code does, these are the only steps. And the number of each that a
-- reply can show: `exchanging` shows as pending.
CREATE FUNCTION flows_step() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = oauth_sync AS $$
BEGIN
    IF NEW.status <> OLD.status AND NOT (
        (OLD.status = 'pending' AND NEW.status IN ('exchanging', 'failed', 'cancelled', 'expired'))
        OR (OLD.status = 'exchanging' AND NEW.status IN ('completed', 'failed')
            AND NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id)
        OR (OLD.status = 'failed' AND OLD.error_code = 'interrupted' AND NEW.status = 'completed'
            AND NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id)
    ) THEN
        RAISE check_violation USING MESSAGE = 'a flow cannot take this step';
    END IF;
    IF OLD.settled_at IS NOT NULL AND NEW.status = OLD.status
        AND (NEW.error_code IS DISTINCT FROM OLD.error_code OR NEW.connection_id IS DISTINCT FROM OLD.connection_id)
    THEN
        RAISE check_violation USING MESSAGE = 'a settled flow is final';
    END IF;
    IF NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.provider <> OLD.provider THEN
        RAISE check_violation USING MESSAGE = 'a flow keeps its person and its provider';
    END IF;
    IF (NEW.status <> OLD.status AND NEW.status <> 'exchanging')
        OR NEW.superseded_by IS DISTINCT FROM OLD.superseded_by
    THEN
        NEW.version = next_version(NEW.user_id);
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER flows_step BEFORE UPDATE ON flows FOR EACH ROW EXECUTE FUNCTION flows_step();

-- A verifier lives as long as its flow can still be claimed.
CREATE FUNCTION flows_verifiers() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = oauth_sync AS $$
BEGIN
    UPDATE attempts SET verifier = NULL, key_id = NULL WHERE flow_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER flows_verifiers AFTER UPDATE ON flows FOR EACH ROW
WHEN (OLD.status = 'pending' AND NEW.status <> 'pending') EXECUTE FUNCTION flows_verifiers();

-- After the insertion: one that gives way to a row that is there already must take no number.
CREATE FUNCTION flows_made() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = oauth_sync AS $$
BEGIN
    UPDATE flows SET version = next_version(NEW.user_id) WHERE id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER flows_made AFTER INSERT ON flows FOR EACH ROW EXECUTE FUNCTION flows_made();

CREATE FUNCTION flows_forgotten() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = oauth_sync AS $$
BEGIN
    UPDATE people SET forgotten = greatest(forgotten, OLD.version) WHERE user_id = OLD.user_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER flows_forgotten AFTER DELETE ON flows FOR EACH ROW EXECUTE FUNCTION flows_forgotten();

-- Whatever the code does, a token pair is replaced by its successor alone, and a disconnected row stays as it is. A
-- lease, an intent or another key takes no number: nobody outside sees them.
CREATE FUNCTION connections_step() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = oauth_sync AS $$
BEGIN
    IF NEW.generation <> OLD.generation
        AND (NEW.generation <> OLD.generation + 1 OR OLD.disconnected_at IS NOT NULL)
    THEN
        RAISE check_violation USING MESSAGE = 'a connection cannot take this generation';
    END IF;
    IF OLD.disconnected_at IS NOT NULL
        AND (NEW.access_token, NEW.refresh_token, NEW.disconnected_at)
            IS DISTINCT FROM (OLD.access_token, OLD.refresh_token, OLD.disconnected_at)
    THEN
        RAISE check_violation USING MESSAGE = 'a disconnected connection is final';
    END IF;
    IF (NEW.generation, NEW.reauth_reason, NEW.refresh_error, NEW.cooling_until, NEW.disconnected_at)
        IS DISTINCT FROM (OLD.generation, OLD.reauth_reason, OLD.refresh_error, OLD.cooling_until, OLD.disconnected_at)
    THEN
        NEW.version = next_version(NEW.user_id);
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER connections_step BEFORE UPDATE ON connections FOR EACH ROW EXECUTE FUNCTION connections_step();

CREATE FUNCTION connections_made() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = oauth_sync AS $$
BEGIN
    UPDATE connections SET version = next_version(NEW.user_id) WHERE id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER connections_made AFTER INSERT ON connections FOR EACH ROW EXECUTE FUNCTION connections_made();
