-- MariaDB 10.6 or later, MySQL 8.0 or later: each completed order with a voucher code goes into redemption_outbox, in
-- the ERP's own transaction.
--
--   redeem relay --ddl mysql | mariadb erp
--   mariadb --default-character-set=utf8mb4 erp < deploy/outbox/mariadb.sql
--
-- Yours will have other names: what must be adapted is the view. docs/outbox.md explains the rest.

-- An ERP's tables, as this example has them. Yours are there already.
CREATE TABLE IF NOT EXISTS orders (
    id           BIGINT AUTO_INCREMENT PRIMARY KEY,
    shop         VARCHAR(64) NOT NULL DEFAULT 'default',
    status       VARCHAR(20) NOT NULL DEFAULT 'open',
    net_value    DECIMAL(12, 2),        -- without VAT and shipping
    currency     CHAR(3),               -- ISO 4217
    email        VARCHAR(320),
    completed_at TIMESTAMP NULL
) CHARACTER SET utf8mb4;
CREATE TABLE IF NOT EXISTS order_coupons (
    id             BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id       BIGINT NOT NULL,
    code           VARCHAR(128) NOT NULL,
    issuer         VARCHAR(20),         -- 'sovendus', 'uniqodo', 'none', or NULL where nobody knows
    validation_key VARCHAR(256),        -- Uniqodo's
    discount       DECIMAL(12, 2),
    FOREIGN KEY (order_id) REFERENCES orders (id)
) CHARACTER SET utf8mb4;

-- Whose row it is. The relay leaves columns alone that it does not know.
ALTER TABLE redemption_outbox ADD COLUMN order_id BIGINT, ADD INDEX redemption_outbox_of_order (order_id);

-- What would be told of each completed order: SELECT from it to see. Money as text, for JSON has no decimals; time in
-- UTC; the customer's address as its hash, so that it never leaves this database. NULL is as good as left out.
-- A completed_at that is a DATETIME has no zone, and UNIX_TIMESTAMP takes it for the session's. If it is in UTC:
-- DATE_FORMAT(o.completed_at, '%Y-%m-%dT%H:%i:%sZ').
CREATE VIEW redemption_event AS
SELECT
    o.id AS order_id,
    JSON_OBJECT(
        'order_id', CAST(o.id AS CHAR),
        'shop', o.shop,
        'completed_at', DATE_FORMAT(
            DATE_ADD('1970-01-01', INTERVAL UNIX_TIMESTAMP(o.completed_at) SECOND), '%Y-%m-%dT%H:%i:%sZ'
        ),
        'order_value', CAST(o.net_value AS CHAR),
        'currency', o.currency,
        'email_hash', MD5(CONVERT(
            LOWER(NULLIF(REGEXP_REPLACE(o.email, '^[[:space:]]+|[[:space:]]+$', ''), '')) USING utf8mb4
        )),
        'coupons', (
            SELECT JSON_ARRAYAGG(JSON_OBJECT(
                'code', c.code, 'provenance', c.issuer, 'validation_key', c.validation_key,
                'discount', CAST(c.discount AS CHAR)
            ))
            FROM order_coupons AS c
            WHERE c.order_id = o.id
        )
    ) AS event
FROM orders AS o
WHERE o.status = 'completed' AND EXISTS (SELECT 1 FROM order_coupons AS c WHERE c.order_id = o.id);

-- It reads into a variable first: an INSERT … SELECT would lock what it reads against other orders.
-- Triggers have the rights of who creates them, so the ERP's users need none on the outbox. Create them as a user who
-- stays: where that one is dropped, or may not write the outbox any more, every completed order fails.
DELIMITER //
CREATE PROCEDURE redemption_tell(wanted BIGINT)
MODIFIES SQL DATA
BEGIN
    DECLARE told LONGTEXT CHARACTER SET utf8mb4;
    SELECT event INTO told FROM redemption_event WHERE order_id = wanted;
    IF told IS NOT NULL THEN
        INSERT INTO redemption_outbox (order_id, event) VALUES (wanted, told);
    END IF;
END//

CREATE TRIGGER redemption_inserted AFTER INSERT ON orders FOR EACH ROW
IF NEW.status = 'completed' THEN CALL redemption_tell(NEW.id); END IF//

CREATE TRIGGER redemption_updated AFTER UPDATE ON orders FOR EACH ROW
IF NEW.status = 'completed' AND NOT OLD.status <=> 'completed' THEN CALL redemption_tell(NEW.id); END IF//

-- A code that is written after its order was completed: the order is told once more with all its codes, of which
-- those that were told before fall out as duplicates.
CREATE TRIGGER redemption_added AFTER INSERT ON order_coupons FOR EACH ROW
CALL redemption_tell(NEW.order_id)//
DELIMITER ;
