-- Settling writes the order's row once, its steps included, and counts which books were bought together.

-- How often two books were in one approved order: counted when it is settled, so that a suggestion costs the same
-- however many orders there are.
CREATE TABLE bought_together (
    book_id  bigint NOT NULL REFERENCES books,
    other_id bigint NOT NULL REFERENCES books,
    orders   bigint NOT NULL,
    PRIMARY KEY (book_id, other_id)
);
INSERT INTO bought_together (book_id, other_id, orders)
    SELECT ours.book_id, theirs.book_id, count(*) FROM order_items ours
    JOIN order_items theirs USING (order_id) JOIN orders USING (order_id)
    WHERE orders.status = 'approved' AND ours.book_id <> theirs.book_id GROUP BY ours.book_id, theirs.book_id;

DROP FUNCTION settle_order(text, bigint, text, jsonb, jsonb, jsonb, boolean);
DROP FUNCTION settle_order(text, bigint, text, jsonb, jsonb, jsonb, boolean, jsonb);

-- Settles an order in one step: fence, stock, payment, status. Returns what happened:
--   'settled'        as asked;
--   'out_of_stock'   asked to approve, but a book ran out: the order is rejected with that reason, nothing else changed;
--   'already'        it was settled before: nothing changed;
--   'stale'          the epoch is not the present one: nothing changed;
--   'unknown'        there is no such order.
-- One statement for the client, which may settle many orders in it, so that a client that freezes can never hold the fence's lock.
-- A null epoch is for the orchestrator, which may reject an order that never needed a leader, and nothing else.
-- Not `fenced` is for the labs: the caller's lease is trusted, and what the caller saw when it took the order up.
CREATE FUNCTION settle_order(
    the_order text, the_epoch bigint, new_status text, new_reasons jsonb, new_suggestions jsonb, the_clock jsonb,
    fenced boolean, new_steps jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    fence     bigint;
    found_    orders%ROWTYPE;
    short_of  text;
BEGIN
    SELECT epoch INTO fence FROM leadership FOR SHARE;
    IF fenced AND the_epoch IS DISTINCT FROM fence AND NOT (the_epoch IS NULL AND new_status = 'rejected') THEN
        RETURN 'stale';
    END IF;
    SELECT * INTO found_ FROM orders WHERE order_id = the_order FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF fenced AND found_.status <> 'accepted' THEN
        RETURN 'already';
    END IF;

    IF new_status = 'approved' THEN
        -- Locked in one order by all settlements, so that two of them cannot wait for each other.
        PERFORM 1 FROM books JOIN order_items USING (book_id) WHERE order_id = the_order ORDER BY book_id FOR UPDATE OF books;
        SELECT title INTO short_of FROM books JOIN order_items USING (book_id)
            WHERE order_id = the_order AND stock < quantity ORDER BY book_id LIMIT 1;
        IF short_of IS NULL THEN
            UPDATE books SET stock = stock - quantity FROM order_items
                WHERE order_items.order_id = the_order AND order_items.book_id = books.book_id;
            INSERT INTO payments (order_id, amount_cents, last_four, epoch)
                VALUES (the_order, found_.amount_cents, found_.last_four, the_epoch);
            INSERT INTO bought_together (book_id, other_id, orders)
                SELECT ours.book_id, theirs.book_id, 1 FROM order_items ours JOIN order_items theirs USING (order_id)
                WHERE order_id = the_order AND ours.book_id <> theirs.book_id ORDER BY 1, 2
                ON CONFLICT (book_id, other_id) DO UPDATE SET orders = bought_together.orders + 1;
        ELSE
            new_status := 'rejected';
            new_suggestions := '[]';
            new_reasons := jsonb_build_array(jsonb_build_object(
                'code', 'out_of_stock', 'message', format('Not enough copies of "%s" are left.', short_of), 'source', 'stock'));
        END IF;
    END IF;

    UPDATE orders SET status = new_status, steps = new_steps, reasons = new_reasons, suggestions = new_suggestions, final_clock = the_clock,
        sealed_card = CASE WHEN new_status = 'failed' THEN sealed_card END, settled_at = clock_timestamp(), settled_epoch = the_epoch, settled_seq = nextval('effects')
        WHERE order_id = the_order;
    RETURN CASE WHEN short_of IS NULL THEN 'settled' ELSE 'out_of_stock' END;
END $$;
