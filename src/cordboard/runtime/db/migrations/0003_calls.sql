-- Calls: their records, what LiveKit showed of their rooms, and which of its events were taken.
-- organization_id is '' where nobody's number was called.

CREATE TABLE phone_call (
    call_id {text_c} PRIMARY KEY,
    organization_id {text_c} NOT NULL,
    cluster_id {text_c} NOT NULL,
    room_sid {text_c} NOT NULL,
    state {text_c} NOT NULL,
    agent_id {text_c} NOT NULL,
    is_unmatched BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    record TEXT NOT NULL
);

CREATE UNIQUE INDEX phone_call_by_room ON phone_call (cluster_id, room_sid);
CREATE INDEX phone_call_by_started ON phone_call (organization_id, started_ms, call_id);
CREATE INDEX phone_call_by_created ON phone_call (organization_id, created_ms, call_id);
CREATE INDEX phone_call_by_updated ON phone_call (organization_id, updated_ms, call_id);
CREATE INDEX phone_call_up ON phone_call (cluster_id, call_id) WHERE state <> 'ended';
CREATE INDEX phone_call_unmatched ON phone_call (organization_id, started_ms, call_id)
    WHERE is_unmatched = 1;

CREATE TABLE livekit_room (
    cluster_id {text_c} NOT NULL,
    room_sid {text_c} NOT NULL,
    seen TEXT NOT NULL,
    touched_ms BIGINT NOT NULL,
    PRIMARY KEY (cluster_id, room_sid)
);

CREATE INDEX livekit_room_by_age ON livekit_room (touched_ms);

CREATE TABLE livekit_event (
    cluster_id {text_c} NOT NULL,
    event_id {text_c} NOT NULL,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (cluster_id, event_id)
);

CREATE INDEX livekit_event_by_age ON livekit_event (received_ms);

-- Every catch-all rule that ever stood: a call may be up that came by an earlier one.
CREATE TABLE livekit_catch_all (
    cluster_id {text_c} NOT NULL,
    rule_id {text_c} NOT NULL,
    noted_ms BIGINT NOT NULL,
    PRIMARY KEY (cluster_id, rule_id)
);

CREATE INDEX phone_number_livekit_by_rule ON phone_number_livekit (cluster_id, dispatch_rule_id);
