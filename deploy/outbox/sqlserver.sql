-- SQL Server 2019 or later, NOT TRIED by us: each completed order with a voucher code goes into redemption_outbox, in
-- the ERP's own transaction. `redeem relay` does not speak to SQL Server; docs/outbox.md says how the rows get out.

CREATE TABLE redemption_outbox (
    id          bigint IDENTITY PRIMARY KEY,
    event       nvarchar(max),
    created_at  datetime2(3) DEFAULT SYSUTCDATETIME(),
    sent_at     datetime2(3),
    state       nvarchar(16),
    reported_at datetime2(3),
    receipt     nvarchar(max),
    error       nvarchar(max),
    redemptions nvarchar(max),
    order_id    bigint                  -- whose row it is
);
CREATE INDEX redemption_outbox_unsent ON redemption_outbox (id) WHERE sent_at IS NULL;
CREATE INDEX redemption_outbox_of_order ON redemption_outbox (order_id);
GO

-- What would be told of each completed order: SELECT from it to see. Money as text, for JSON has no decimals; time in
-- UTC (completed_at is a datetimeoffset here). FOR JSON leaves NULL out, which is just as good.
-- HASHBYTES hashes bytes, and nvarchar is UTF-16: hashed as it is, it is another hash than everybody else's. The
-- collation makes it UTF-8, which for plain ASCII is what varchar has anyway.
CREATE VIEW redemption_event AS
SELECT
    o.id AS order_id,
    (
        SELECT
            CAST(o.id AS varchar(20)) AS order_id,
            o.shop AS shop,
            CONVERT(varchar(19), SWITCHOFFSET(o.completed_at, '+00:00'), 126) + 'Z' AS completed_at,
            CAST(o.net_value AS varchar(20)) AS order_value,
            o.currency AS currency,
            LOWER(CONVERT(char(32), HASHBYTES('MD5', CAST(
                LOWER(NULLIF(TRIM(o.email), N'')) COLLATE Latin1_General_100_CI_AS_SC_UTF8 AS varchar(1280)
            )), 2)) AS email_hash,
            JSON_QUERY((
                SELECT
                    c.code AS code, c.issuer AS provenance, c.validation_key AS validation_key,
                    CAST(c.discount AS varchar(20)) AS discount
                FROM order_coupons AS c
                WHERE c.order_id = o.id
                FOR JSON PATH
            )) AS coupons
        FOR JSON PATH, WITHOUT_ARRAY_WRAPPER
    ) AS event
FROM orders AS o
WHERE o.status = 'completed' AND EXISTS (SELECT 1 FROM order_coupons AS c WHERE c.order_id = o.id);
GO

-- A trigger here fires once a statement, for all its rows. Ownership chaining gives it the rights on the outbox, as long
-- as all has one owner. Code of yours that reads @@IDENTITY after an insert gets the outbox's: it wants SCOPE_IDENTITY().
CREATE TRIGGER redemption_of_order ON orders AFTER INSERT, UPDATE AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO redemption_outbox (order_id, event)
    SELECT e.order_id, e.event
    FROM inserted AS i
    JOIN redemption_event AS e ON e.order_id = i.id
    LEFT JOIN deleted AS d ON d.id = i.id
    WHERE d.id IS NULL OR d.status IS NULL OR d.status <> 'completed';
END;
GO

-- A code that is written after its order was completed: the order is told once more with all its codes, of which
-- those that were told before fall out as duplicates.
CREATE TRIGGER redemption_of_coupon ON order_coupons AFTER INSERT AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO redemption_outbox (order_id, event)
    SELECT e.order_id, e.event
    FROM redemption_event AS e
    WHERE e.order_id IN (SELECT order_id FROM inserted);
END;
GO
