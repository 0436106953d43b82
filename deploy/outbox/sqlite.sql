-- SQLite 3.38 or later: each completed order with a voucher code goes into redemption_outbox, in the ERP's own
-- transaction.
--
--   redeem relay --ddl sqlite | sqlite3 erp.db
--   sqlite3 -bail erp.db < deploy/outbox/sqlite.sql
--
-- Yours will have other names: what must be adapted is the view. docs/outbox.md explains the rest.

-- All of it or nothing, for which the shell wants -bail: a trigger without its view would fail every order.
BEGIN;

-- An ERP's tables, as this example has them. Yours are there already.
CREATE TABLE IF NOT EXISTS orders (
    id           INTEGER PRIMARY KEY,
    shop         TEXT NOT NULL DEFAULT 'default',
    status       TEXT NOT NULL DEFAULT 'open',
    net_cents    INTEGER,               -- without VAT and shipping; SQLite has no decimals, only floats
    currency     TEXT,                  -- ISO 4217
    email_hash   TEXT,                  -- MD5 of the trimmed, lower-cased address: SQLite cannot compute it
    completed_at TEXT                   -- whatever SQLite reads as a time, in UTC
);
CREATE TABLE IF NOT EXISTS order_coupons (
    order_id       INTEGER NOT NULL REFERENCES orders (id),
    code           TEXT NOT NULL,
    issuer         TEXT,                -- 'sovendus', 'uniqodo', 'none', or NULL where nobody knows
    validation_key TEXT,                -- Uniqodo's
    discount_cents INTEGER
);
CREATE INDEX IF NOT EXISTS order_coupons_of_order ON order_coupons (order_id);

-- Whose row it is. The relay leaves columns alone that it does not know.
ALTER TABLE redemption_outbox ADD COLUMN order_id INTEGER;
CREATE INDEX redemption_outbox_of_order ON redemption_outbox (order_id);

-- What would be told of each completed order: SELECT from it to see. Money as text, for JSON has no decimals; time in
-- UTC. NULL is as good as left out. CAST, since a column of SQLite's may hold a value of any type, and a
-- BLOB in JSON fails the order.
CREATE VIEW redemption_event AS
SELECT
    o.id AS order_id,
    json_object(
        'order_id', CAST(o.id AS TEXT),
        'shop', CAST(o.shop AS TEXT),
        'completed_at', strftime('%Y-%m-%dT%H:%M:%SZ', o.completed_at),
        'order_value', iif(o.net_cents IS NULL, NULL, printf('%d.%02d', o.net_cents / 100, o.net_cents % 100)),
        'currency', CAST(o.currency AS TEXT),
        'email_hash', CAST(o.email_hash AS TEXT),
        'coupons', json((
            SELECT json_group_array(json_object(
                'code', CAST(c.code AS TEXT), 'provenance', CAST(c.issuer AS TEXT),
                'validation_key', CAST(c.validation_key AS TEXT),
                'discount',
                iif(c.discount_cents IS NULL, NULL, printf('%d.%02d', c.discount_cents / 100, c.discount_cents % 100))
            ))
            FROM order_coupons AS c
            WHERE c.order_id = o.id
        ))
    ) AS event
FROM orders AS o
WHERE o.status = 'completed' AND EXISTS (SELECT 1 FROM order_coupons AS c WHERE c.order_id = o.id);

-- SQLite looks at a view's columns only when it is asked: a view that does not fit fails here, and in no order.
SELECT * FROM redemption_event LIMIT 0;

CREATE TRIGGER redemption_inserted AFTER INSERT ON orders
WHEN NEW.status = 'completed'
BEGIN
    INSERT INTO redemption_outbox (order_id, event)
    SELECT order_id, event FROM redemption_event WHERE order_id = NEW.id;
END;

CREATE TRIGGER redemption_updated AFTER UPDATE ON orders
WHEN NEW.status = 'completed' AND OLD.status IS NOT 'completed'
BEGIN
    INSERT INTO redemption_outbox (order_id, event)
    SELECT order_id, event FROM redemption_event WHERE order_id = NEW.id;
END;

-- A code that is written after its order was completed: the order is told once more with all its codes, of which
-- those that were told before fall out as duplicates.
CREATE TRIGGER redemption_added AFTER INSERT ON order_coupons
BEGIN
    INSERT INTO redemption_outbox (order_id, event)
    SELECT order_id, event FROM redemption_event WHERE order_id = NEW.order_id;
END;

COMMIT;
