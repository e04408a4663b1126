-- The record: what is here has happened. Redis may be wiped at any time; this may not.

CREATE TABLE books (
    book_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title         text NOT NULL UNIQUE,
    author        text NOT NULL,
    genre         text NOT NULL,
    price_cents   integer NOT NULL CHECK (price_cents > 0),
    stock         integer NOT NULL CHECK (stock >= 0),
    initial_stock integer NOT NULL
);

CREATE TABLE orders (
    order_id        text PRIMARY KEY,
    status          text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'approved', 'rejected', 'failed')),
    customer        jsonb NOT NULL,            -- name, contact, address, device language; nothing of the card
    amount_cents    bigint NOT NULL,
    last_four       text NOT NULL,
    sealed_card     bytea,                     -- gone once the order is settled
    clock           jsonb NOT NULL,            -- of the message that puts the order in the queue
    message_id      text NOT NULL,
    sender          text NOT NULL,
    idempotency_key text UNIQUE,
    request_hash    text,
    checked         jsonb,                     -- what the orchestrator's checks said, where it runs them
    reasons         jsonb NOT NULL DEFAULT '[]',
    suggestions     jsonb NOT NULL DEFAULT '[]',
    final_clock     jsonb,
    accepted_at     timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    settled_epoch   bigint,
    settled_seq     bigint                     -- order of settlements and of epochs among each other
);
CREATE INDEX orders_open ON orders (accepted_at) WHERE status = 'accepted';

CREATE TABLE order_items (
    order_id    text NOT NULL REFERENCES orders,
    book_id     bigint NOT NULL REFERENCES books,
    quantity    integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL,
    PRIMARY KEY (order_id, book_id)
);
CREATE INDEX order_items_book ON order_items (book_id);

-- No unique order_id on purpose: what keeps an order from being charged twice is settle_order below, and the
-- invariants look here for whether it did.
CREATE TABLE payments (
    payment_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id     text NOT NULL REFERENCES orders,
    amount_cents bigint NOT NULL,
    last_four    text NOT NULL,
    epoch        bigint NOT NULL,
    booked_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_order ON payments (order_id);

CREATE SEQUENCE effects;

-- One row: the fence. Settlements share a lock on it, a new epoch takes it alone, so no settlement of an old epoch can
-- commit after the new epoch began.
CREATE TABLE leadership (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    bigint NOT NULL
);
INSERT INTO leadership (epoch) VALUES (0);

CREATE TABLE epochs (
    epoch     bigint PRIMARY KEY,
    holder    text NOT NULL,
    taken_seq bigint NOT NULL,
    taken_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The next epoch, for whoever has just won the lock.
CREATE FUNCTION take_epoch(new_holder text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    next_epoch bigint;
BEGIN
    UPDATE leadership SET epoch = epoch + 1 RETURNING epoch INTO next_epoch;
    INSERT INTO epochs (epoch, holder, taken_seq) VALUES (next_epoch, new_holder, nextval('effects'));
    RETURN next_epoch;
END $$;

-- Settles an order in one step: fence, stock, payment, status. Returns what happened:
--   'settled'        as asked;
--   'out_of_stock'   asked to approve, but a book ran out: the order is rejected with that reason, nothing else changed;
--   'already'        it was settled before: nothing changed;
--   'stale'          the epoch is not the present one: nothing changed;
--   'unknown'        there is no such order.
-- One statement for the client, so that a client that freezes can never hold the fence's lock.
-- A null epoch is for the orchestrator, which may reject an order that never needed a leader, and nothing else.
CREATE FUNCTION settle_order(
    the_order text, the_epoch bigint, new_status text, new_reasons jsonb, new_suggestions jsonb, the_clock jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    fence     bigint;
    found_    orders%ROWTYPE;
    short_of  text;
BEGIN
    SELECT epoch INTO fence FROM leadership FOR SHARE;
    IF the_epoch IS DISTINCT FROM fence AND NOT (the_epoch IS NULL AND new_status = 'rejected') THEN
        RETURN 'stale';
    END IF;
    SELECT * INTO found_ FROM orders WHERE order_id = the_order FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF found_.status <> 'accepted' THEN
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
        ELSE
            new_status := 'rejected';
            new_suggestions := '[]';
            new_reasons := jsonb_build_array(jsonb_build_object(
                'code', 'out_of_stock', 'message', format('Not enough copies of "%s" are left.', short_of), 'source', 'stock'));
        END IF;
    END IF;

    UPDATE orders SET status = new_status, reasons = new_reasons, suggestions = new_suggestions, final_clock = the_clock,
        sealed_card = NULL, settled_at = clock_timestamp(), settled_epoch = the_epoch, settled_seq = nextval('effects')
        WHERE order_id = the_order;
    RETURN CASE WHEN short_of IS NULL THEN 'settled' ELSE 'out_of_stock' END;
END $$;
