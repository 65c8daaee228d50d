-- What is known of LiveKit: the clusters, and what stands there for each registered number. None of
-- it moves a number's revision. Leases elect the one worker that may change a cluster.

CREATE TABLE livekit_cluster (
    cluster_id {text_c} PRIMARY KEY,
    url TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE phone_number_livekit (
    registration_id {text_c} PRIMARY KEY,
    organization_id {text_c} NOT NULL,
    cluster_id {text_c} NOT NULL,
    inbound_trunk_id TEXT,
    dispatch_rule_id TEXT,
    status TEXT NOT NULL,
    error TEXT,
    updated_ms BIGINT NOT NULL
);

CREATE INDEX phone_number_livekit_by_cluster ON phone_number_livekit (cluster_id, registration_id);

CREATE TABLE lease (
    name {text_c} PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_ms BIGINT NOT NULL
);
