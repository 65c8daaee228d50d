-- What carriers dial that is no number in any known form. The row of a number has its aliases as a
-- JSON array, or NULL; the table holds that each leads to one number of the whole installation.

ALTER TABLE phone_number ADD COLUMN aliases TEXT;

CREATE TABLE phone_number_alias (
    alias {text_c} PRIMARY KEY,
    organization_id {text_c} NOT NULL REFERENCES organization (organization_id),
    phone_number {text_c} NOT NULL
);
