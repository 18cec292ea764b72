-- What the history tells beyond the journal's needs, and what tells a run that goes on from one
-- that was cut off.

-- Which process a run is, as long as it has no outcome.
ALTER TABLE runs ADD COLUMN process TEXT;
-- Operations that failed, those never begun included, and operations left out.
ALTER TABLE runs ADD COLUMN failed INTEGER;
ALTER TABLE runs ADD COLUMN skipped INTEGER;

-- Earlier versions did not note when a run was cut off.
UPDATE runs SET outcome = 'cut off' WHERE outcome IS NULL;

-- The attribute paths that an operation changes, as JSON pairs of path and whether it is secret.
ALTER TABLE operations ADD COLUMN changes TEXT;

-- What an operation intended is of use only while its result is not known.
UPDATE operations SET intended = NULL WHERE status NOT IN ('started', 'unknown');

CREATE INDEX operations_of_run ON operations (run);
