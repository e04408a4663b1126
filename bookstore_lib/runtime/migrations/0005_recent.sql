-- The status page shows the orders that came last.

CREATE INDEX orders_recent ON orders (accepted_at DESC);
