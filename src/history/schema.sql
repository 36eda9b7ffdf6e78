-- A series: which query, and its labels as a JSON object.
CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    query TEXT NOT NULL,
    labels TEXT NOT NULL,
    UNIQUE (query, labels)
);
-- What came between two flushes, for all series: how often, then each with its id, the length of its block, its block.
CREATE TABLE flushed (
    at INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX flushed_at ON flushed (at);
-- Two hours of a series (a day of the coarsest): points where step is 0, else buckets of so many seconds.
CREATE TABLE block (
    series INTEGER NOT NULL,
    step INTEGER NOT NULL,
    start INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (series, step, start)
) WITHOUT ROWID;
CREATE INDEX block_start ON block (step, start);
-- How all was of a query whose answers are no numbers: the last of each ten minutes.
CREATE TABLE snapshot (
    query TEXT NOT NULL,
    slot INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (query, slot)
) WITHOUT ROWID;
-- What the board itself has noticed.
CREATE TABLE noted (
    at INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX noted_at ON noted (at);
-- When a query was last answered, and why not since, as JSON text.
CREATE TABLE answered (
    query TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE failed (
    query TEXT NOT NULL,
    at INTEGER NOT NULL,
    error TEXT
);
CREATE INDEX failed_at ON failed (at);
