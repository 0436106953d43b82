<?php // The functions and classes of WordPress and WooCommerce that our snippet calls, as far as it calls them.
class WC_Session
{
    private array $data = [];
    public function get(string $key, $default = null) { return $this->data[$key] ?? $default; }
    public function set(string $key, $value): void { $this->data[$key] = $value; }
}

class WC_Order_Item_Coupon
{
    public function __construct(private string $code, private string $discount) {}
    public function get_code(): string { return $this->code; }
    public function get_discount(): string { return $this->discount; }
}

class WC_Order
{
    private array $unsaved = [];
    public array $saved = [];
    public function __construct(private array $data = []) {}
    /** `get_total` and the like: numbers come as WooCommerce keeps them, as strings or floats. */
    public function __call(string $method, array $arguments) { return $this->data[substr($method, 4)]; }
    public function get_meta(string $key) { return $this->data['meta'][$key] ?? ''; }
    public function get_items(string $type): array
    {
        $items = [];
        foreach ($this->data['coupons'] as $number => [$code, $discount]) {
            $items[$number + 7] = new WC_Order_Item_Coupon($code, $discount);
        }
        return $type === 'coupon' ? $items : [];
    }
    public function update_meta_data(string $key, $value): void { $this->unsaved[$key] = $value; }
    public function save(): void { $this->saved = $this->unsaved + $this->saved; }
}

$woocommerce = (object) ['session' => new WC_Session()];
$actions = [];

function WC(): object { return $GLOBALS['woocommerce']; }
function wc_format_decimal($number, int $places): string { return number_format((float) $number, $places, '.', ''); }
function add_action(string $hook, callable $callback, int $priority = 10, int $arguments = 1): void
{
    $GLOBALS['actions'][$hook][] = fn (...$given) => $callback(...array_slice($given, 0, $arguments));
}
function do_action(string $hook, ...$arguments): void
{
    foreach ($GLOBALS['actions'][$hook] ?? [] as $callback) $callback(...$arguments);
}

/** WC_Checkout::create_order: the order is saved after the hook. */
function classic_checkout(): WC_Order
{
    do_action('woocommerce_checkout_create_order', $order = new WC_Order(), []);
    $order->save();
    return $order;
}

/** StoreApi\Routes\V1\Checkout: nobody but the hook saves what it wrote. */
function block_checkout(): WC_Order
{
    do_action('woocommerce_store_api_checkout_update_order_meta', $order = new WC_Order());
    return $order;
}
