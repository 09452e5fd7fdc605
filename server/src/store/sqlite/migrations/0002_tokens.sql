-- When the access token was issued: how long it lives decides when it is refreshed.
ALTER TABLE connections ADD COLUMN access_issued_at INTEGER;
UPDATE connections SET access_issued_at = updated_at;

-- Why the person has to connect again; NULL while they need not.
ALTER TABLE connections ADD COLUMN reauth_reason TEXT;

-- Who may ask the provider, and until when. It also bounds the request: whoever holds it sends nothing after it.
ALTER TABLE connections ADD COLUMN lease_id TEXT;
ALTER TABLE connections ADD COLUMN lease_until INTEGER;

-- The generation whose refresh token may have been used though no answer came: written before it is sent.
ALTER TABLE connections ADD COLUMN sent_generation INTEGER;

-- Why the last refresh did not work, and until when the provider is left alone.
ALTER TABLE connections ADD COLUMN refresh_error TEXT;
ALTER TABLE connections ADD COLUMN cooling_until INTEGER;

-- Whatever the code does, a token pair is replaced by its successor alone, and a disconnected row stays as it is.
CREATE TRIGGER connections_generation BEFORE UPDATE OF generation ON connections
WHEN NEW.generation <> OLD.generation AND (NEW.generation <> OLD.generation + 1 OR OLD.disconnected_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'a connection cannot take this generation');
END;

CREATE TRIGGER connections_disconnected BEFORE UPDATE OF access_token, refresh_token, disconnected_at ON connections
WHEN OLD.disconnected_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a disconnected connection is final');
END;
