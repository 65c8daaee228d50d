-- What the latest probe of each agent version found, the rooms of probes that are to be removed, and
-- what finds an agent's last calls, which tell the same.

CREATE TABLE agent_probe (
    agent_id {text_c} NOT NULL,
    version BIGINT NOT NULL,
    organization_id {text_c} NOT NULL,
    livekit_agent_name TEXT NOT NULL,
    livekit_deployment TEXT,
    is_served BIGINT NOT NULL,
    probed_ms BIGINT NOT NULL,
    PRIMARY KEY (agent_id, version)
);

CREATE TABLE agent_probe_room (
    room {text_c} PRIMARY KEY,
    cluster_id {text_c} NOT NULL,
    organization_id {text_c} NOT NULL,
    begun_ms BIGINT NOT NULL
);

CREATE INDEX agent_probe_room_by_age ON agent_probe_room (cluster_id, begun_ms);
CREATE INDEX phone_call_by_agent ON phone_call (organization_id, agent_id, started_ms);
