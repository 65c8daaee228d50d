-- Whom a number's own rule sends for, as it stands at LiveKit: a call that came by a rule of before
-- the last change is decided anew.

ALTER TABLE phone_number_livekit ADD COLUMN answered_by TEXT;
