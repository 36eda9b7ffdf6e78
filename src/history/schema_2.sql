-- Requests that wait for an engine (remote write): whom for, when made, how many samples, the body.
CREATE TABLE outgoing (
    target TEXT NOT NULL,
    number INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (target, number)
);
