-- Outbound calls stand beside the inbound ones; whoever dials asks for those that have not ended.

ALTER TABLE phone_call ADD COLUMN is_outbound BIGINT NOT NULL DEFAULT 0;

CREATE INDEX phone_call_outbound_up ON phone_call (cluster_id, call_id)
    WHERE is_outbound = 1 AND state <> 'ended';
