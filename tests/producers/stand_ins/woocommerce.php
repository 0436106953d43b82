<?php // The functions and classes of WordPress and WooCommerce that our snippet calls, as far as it calls them.
class WC_Session
{
    private array $data = [];
    public function get(string $key, $default = null) { return $this->data[$key] ?? $default; }
    public function set(string $key, $value): void { $this->data[$key] = $value; }
}

class WC_Order
{
    private array $unsaved = [];
    public array $saved = [];
    public function update_meta_data(string $key, $value): void { $this->unsaved[$key] = $value; }
    public function save(): void { $this->saved = $this->unsaved + $this->saved; }
}

$woocommerce = (object) ['session' => new WC_Session()];
$actions = [];

function WC(): object { return $GLOBALS['woocommerce']; }
function add_action(string $hook, callable $callback): void { $GLOBALS['actions'][$hook][] = $callback; }
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
