-- Who answers when a number's agent fails. Few numbers have one: the index holds only those, so a
-- number without one costs nothing in it.

ALTER TABLE phone_number ADD COLUMN fallback_agent_id {text_c};
ALTER TABLE phone_number ADD COLUMN fallback_agent_version BIGINT NOT NULL DEFAULT 1;

CREATE INDEX phone_number_by_fallback_agent ON phone_number (organization_id, fallback_agent_id)
    WHERE fallback_agent_id IS NOT NULL;
