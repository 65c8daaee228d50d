-- When something that should go on without a break was last seen to, and the breaks it had.

CREATE TABLE heartbeat (
    name {text_c} PRIMARY KEY,
    at_ms BIGINT NOT NULL
);

CREATE TABLE heartbeat_gap (
    name {text_c} NOT NULL,
    began_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL,
    PRIMARY KEY (name, began_ms)
);
