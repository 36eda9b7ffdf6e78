-- Of the last hour the snapshot of each second is kept, of older times the last of each ten minutes: a slot is a second.
UPDATE snapshot SET slot = at / 1000;
CREATE INDEX failed_query ON failed (query, at);
