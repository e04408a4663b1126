-- What became of each step of the checkout, and the request that brought the order, to find it in the logs.

ALTER TABLE orders
    ADD COLUMN steps      jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN request_id text  NOT NULL DEFAULT '';

-- Settles an order as the function of the same name does, and keeps its steps where that changed anything.
CREATE FUNCTION settle_order(
    the_order text, the_epoch bigint, new_status text, new_reasons jsonb, new_suggestions jsonb, the_clock jsonb,
    fenced boolean, new_steps jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text := settle_order(the_order, the_epoch, new_status, new_reasons, new_suggestions, the_clock, fenced);
BEGIN
    IF result IN ('settled', 'out_of_stock') THEN
        UPDATE orders SET steps = new_steps WHERE order_id = the_order;
    END IF;
    RETURN result;
END $$;
