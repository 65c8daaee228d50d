-- Organizations, key pairs, agents with versions, phone numbers, history, outbox, idempotency.
-- Sort columns are NOT NULL: '' and 0 stand for null, so null sorts first on both databases.

CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE organization (
    organization_id {text_c} PRIMARY KEY,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE api_key (
    api_key {text_c} PRIMARY KEY,
    api_key_id {text_c} NOT NULL UNIQUE,
    organization_id {text_c} NOT NULL REFERENCES organization (organization_id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    previous_secret_hash TEXT,
    previous_secret_expires_ms BIGINT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    revoked_ms BIGINT,
    last_used_ms BIGINT
);

CREATE INDEX api_key_by_organization ON api_key (organization_id, created_ms);

CREATE TABLE agent (
    agent_id {text_c} PRIMARY KEY,
    organization_id {text_c} NOT NULL REFERENCES organization (organization_id),
    agent_name {text_c} NOT NULL,
    agent_name_folded {text_c} NOT NULL,
    newest_version BIGINT NOT NULL,
    language {text_c} NOT NULL,
    revision BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT
);

CREATE INDEX agent_by_updated ON agent (organization_id, updated_ms, agent_id)
    WHERE deleted_ms IS NULL;
CREATE INDEX agent_by_created ON agent (organization_id, created_ms, agent_id)
    WHERE deleted_ms IS NULL;
CREATE INDEX agent_by_name ON agent (organization_id, agent_name, agent_id)
    WHERE deleted_ms IS NULL;

CREATE TABLE agent_version (
    agent_id {text_c} NOT NULL REFERENCES agent (agent_id),
    version BIGINT NOT NULL,
    organization_id {text_c} NOT NULL,
    livekit_agent_name TEXT NOT NULL,
    livekit_deployment TEXT,
    configuration TEXT NOT NULL,
    published_ms BIGINT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (agent_id, version)
);

CREATE TABLE agent_history (
    sequence {sequence},
    organization_id {text_c} NOT NULL,
    agent_id {text_c} NOT NULL,
    revision BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    action TEXT NOT NULL,
    api_key TEXT,
    request_id TEXT NOT NULL,
    changes TEXT NOT NULL
);

CREATE INDEX agent_history_by_agent ON agent_history (organization_id, agent_id, sequence);

CREATE TABLE phone_number (
    phone_number {text_c} PRIMARY KEY,
    organization_id {text_c} NOT NULL REFERENCES organization (organization_id),
    registration_id {text_c} NOT NULL,
    revision BIGINT NOT NULL,
    phone_number_pretty TEXT NOT NULL,
    area_code BIGINT NOT NULL,
    nickname {text_c} NOT NULL,
    nickname_folded {text_c} NOT NULL,
    phone_number_type TEXT NOT NULL,
    inbound_agent_id {text_c},
    outbound_agent_id {text_c},
    inbound_agent_version BIGINT NOT NULL,
    outbound_agent_version BIGINT NOT NULL,
    inbound_webhook_url TEXT,
    number_provider TEXT NOT NULL,
    outbound_trunk_id TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

CREATE INDEX phone_number_by_number ON phone_number (organization_id, phone_number);
CREATE INDEX phone_number_by_updated ON phone_number (organization_id, updated_ms, phone_number);
CREATE INDEX phone_number_by_created ON phone_number (organization_id, created_ms, phone_number);
CREATE INDEX phone_number_by_nickname ON phone_number (organization_id, nickname, phone_number);
CREATE INDEX phone_number_by_folded_nickname
    ON phone_number (organization_id, nickname_folded, phone_number) WHERE nickname_folded <> '';
CREATE INDEX phone_number_by_area_code ON phone_number (organization_id, area_code, phone_number);
CREATE INDEX phone_number_by_inbound_agent ON phone_number (organization_id, inbound_agent_id)
    WHERE inbound_agent_id IS NOT NULL;
CREATE INDEX phone_number_by_outbound_agent ON phone_number (organization_id, outbound_agent_id)
    WHERE outbound_agent_id IS NOT NULL;
CREATE INDEX phone_number_available ON phone_number (organization_id, created_ms, phone_number)
    WHERE inbound_agent_id IS NULL AND outbound_agent_id IS NULL;

CREATE TABLE phone_number_count (
    organization_id {text_c} NOT NULL,
    shard BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (organization_id, shard)
);

CREATE TABLE phone_number_history (
    sequence {sequence},
    organization_id {text_c} NOT NULL,
    phone_number {text_c} NOT NULL,
    registration_id {text_c} NOT NULL,
    revision BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    action TEXT NOT NULL,
    api_key TEXT,
    request_id TEXT NOT NULL,
    changes TEXT NOT NULL
);

CREATE INDEX phone_number_history_by_number
    ON phone_number_history (organization_id, phone_number, sequence);

CREATE TABLE outbox (
    sequence {sequence},
    organization_id {text_c} NOT NULL,
    event TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    data TEXT NOT NULL,
    transaction_id {transaction_id}
);

-- Empty on SQLite, where each transaction_id is 0 and the sequence alone is the order.
CREATE INDEX outbox_by_transaction ON outbox (transaction_id, sequence) WHERE transaction_id <> 0;

CREATE TABLE outbox_consumer (
    name {text_c} PRIMARY KEY,
    position BIGINT NOT NULL
);

CREATE TABLE idempotency_key (
    organization_id {text_c} NOT NULL,
    operation {text_c} NOT NULL,
    idempotency_key {text_c} NOT NULL,
    request_hash TEXT NOT NULL,
    answer TEXT NOT NULL,
    etag TEXT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (organization_id, operation, idempotency_key)
);

CREATE INDEX idempotency_key_by_age ON idempotency_key (created_ms);
