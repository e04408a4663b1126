-- The next epoch, for whoever has just won the lock. For nobody (null) there is none and nothing changes, but this
-- connection has planned what it will run: the first time costs three times as much, and nobody leads meanwhile.
CREATE OR REPLACE FUNCTION take_epoch(new_holder text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    next_epoch bigint;
BEGIN
    UPDATE leadership SET epoch = epoch + 1 WHERE new_holder IS NOT NULL RETURNING epoch INTO next_epoch;
    INSERT INTO epochs (epoch, holder, taken_seq)
        SELECT next_epoch, new_holder, nextval('effects') WHERE next_epoch IS NOT NULL;
    RETURN next_epoch;
END $$;
