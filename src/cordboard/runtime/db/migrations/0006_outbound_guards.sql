-- What guards an organization's outbound calls, and what they have reserved and used. A limit that
-- is null is the default. A reservation is open until it is settled; a day is one of UTC.

CREATE TABLE outbound_guards (
    organization_id {text_c} PRIMARY KEY REFERENCES organization (organization_id),
    allowed_regions TEXT NOT NULL,
    max_concurrent_calls BIGINT CHECK (max_concurrent_calls > 0),
    max_dials_per_minute BIGINT CHECK (max_dials_per_minute > 0),
    max_minutes_per_day BIGINT CHECK (max_minutes_per_day > 0),
    is_stopped BIGINT NOT NULL CHECK (is_stopped IN (0, 1)),
    revision BIGINT NOT NULL
);

CREATE TABLE outbound_guards_history (
    organization_id {text_c} NOT NULL,
    revision BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    api_key TEXT,
    request_id TEXT NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (organization_id, revision)
);

CREATE TABLE outbound_reservation (
    call_id {text_c} PRIMARY KEY,
    organization_id {text_c} NOT NULL,
    day BIGINT NOT NULL,
    reserved_at_ms BIGINT NOT NULL,
    reserved_ms BIGINT NOT NULL CHECK (reserved_ms >= 0),
    settled_ms BIGINT
);

CREATE INDEX outbound_reservation_by_time ON outbound_reservation (organization_id, reserved_at_ms);
CREATE INDEX outbound_reservation_open ON outbound_reservation (organization_id)
    WHERE settled_ms IS NULL;

CREATE TABLE outbound_day (
    organization_id {text_c} NOT NULL,
    day BIGINT NOT NULL,
    spent_ms BIGINT NOT NULL CHECK (spent_ms >= 0),
    PRIMARY KEY (organization_id, day)
);
