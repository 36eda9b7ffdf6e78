-- Lines of logs that came between two flushes, as JSON without what looks like a secret; only where the board wants it.
CREATE TABLE log_lines (
    query TEXT NOT NULL,
    at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX log_lines_query ON log_lines (query);
