-- Requests that wait for an engine (remote write): whom for, when made, how many samples, of when the newest, the body.
CREATE TABLE outgoing (
    target TEXT NOT NULL,
    number INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (target, number)
);
-- Of when the newest sample is that was handed over for an engine.
CREATE TABLE handed_over (
    target TEXT PRIMARY KEY,
    newest INTEGER NOT NULL
) WITHOUT ROWID;
