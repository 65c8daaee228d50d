-- How many calls of an organization wait for their time is counted whenever one more is to wait.

CREATE INDEX phone_call_waiting ON phone_call (organization_id) WHERE state = 'scheduled';
