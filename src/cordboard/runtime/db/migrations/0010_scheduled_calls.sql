-- Calls that wait for their time: started_ms is when each is tried next.

CREATE INDEX phone_call_scheduled ON phone_call (cluster_id, started_ms, call_id)
    WHERE state = 'scheduled';
