-- Each person's counter. A change takes its next number in its own transaction, so the order of numbers is the order of
-- commits. It lives for ever: a number that came twice would hide a change.
CREATE TABLE people (
    user_id TEXT PRIMARY KEY NOT NULL,
    -- The number of their last change.
    version INTEGER NOT NULL,
    -- The highest number whose row is gone: whoever knows less cannot be told everything.
    forgotten INTEGER NOT NULL DEFAULT 0,
    -- Rises over all people, so that one look finds whose counter rose. SQLite has one writer: this is in order too.
    stamp INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX people_stamp ON people (stamp);

ALTER TABLE connections ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Nobody has heard of anything yet: what was before cannot be told again.
INSERT INTO people (user_id, version, forgotten, stamp)
SELECT user_id, max(version), max(version), row_number() OVER ()
FROM (SELECT user_id, version FROM flows UNION ALL SELECT user_id, version FROM connections)
GROUP BY user_id;

CREATE INDEX flows_changes ON flows (user_id, version);
CREATE INDEX connections_changes ON connections (user_id, version);

-- Numbers are given here, so that no statement, of whatever process, can forget one. A flow changes where a reply can
-- show it: `exchanging` shows as pending.
CREATE TRIGGER flows_made AFTER INSERT ON flows
BEGIN
    INSERT INTO people (user_id, version, stamp)
    VALUES (NEW.user_id, 1, (SELECT coalesce(max(stamp), 0) + 1 FROM people))
    ON CONFLICT (user_id) DO UPDATE SET version = version + 1, stamp = excluded.stamp;
    UPDATE flows SET version = (SELECT version FROM people WHERE user_id = NEW.user_id) WHERE id = NEW.id;
END;

CREATE TRIGGER flows_changed AFTER UPDATE OF status, superseded_by ON flows
WHEN (NEW.status <> OLD.status AND NEW.status <> 'exchanging') OR NEW.superseded_by IS NOT OLD.superseded_by
BEGIN
    UPDATE people SET version = version + 1, stamp = (SELECT max(stamp) + 1 FROM people) WHERE user_id = NEW.user_id;
    UPDATE flows SET version = (SELECT version FROM people WHERE user_id = NEW.user_id) WHERE id = NEW.id;
END;

CREATE TRIGGER flows_forgotten AFTER DELETE ON flows
BEGIN
    UPDATE people SET forgotten = max(forgotten, OLD.version) WHERE user_id = OLD.user_id;
END;

CREATE TRIGGER connections_made AFTER INSERT ON connections
BEGIN
    INSERT INTO people (user_id, version, stamp)
    VALUES (NEW.user_id, 1, (SELECT coalesce(max(stamp), 0) + 1 FROM people))
    ON CONFLICT (user_id) DO UPDATE SET version = version + 1, stamp = excluded.stamp;
    UPDATE connections SET version = (SELECT version FROM people WHERE user_id = NEW.user_id) WHERE id = NEW.id;
END;

-- Not a lease, an intent or another key: nobody outside sees them.
CREATE TRIGGER connections_changed
AFTER UPDATE OF generation, reauth_reason, refresh_error, cooling_until, disconnected_at ON connections
WHEN NEW.generation <> OLD.generation OR NEW.reauth_reason IS NOT OLD.reauth_reason
    OR NEW.refresh_error IS NOT OLD.refresh_error OR NEW.cooling_until IS NOT OLD.cooling_until
    OR NEW.disconnected_at IS NOT OLD.disconnected_at
BEGIN
    UPDATE people SET version = version + 1, stamp = (SELECT max(stamp) + 1 FROM people) WHERE user_id = NEW.user_id;
    UPDATE connections SET version = (SELECT version FROM people WHERE user_id = NEW.user_id) WHERE id = NEW.id;
END;
