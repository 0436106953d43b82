<?php // The classes of Shopware 6 and Symfony that our subscriber uses, as far as it uses them.
namespace Symfony\Component\EventDispatcher {
    interface EventSubscriberInterface { public static function getSubscribedEvents(): array; }
}

namespace Symfony\Component\HttpFoundation {
    class Session
    {
        private array $data = [];
        public function get(string $name) { return $this->data[$name] ?? null; }
        public function set(string $name, $value): void { $this->data[$name] = $value; }
    }
    class Request
    {
        public function __construct(private Session $session) {}
        public function getSession(): Session { return $this->session; }
    }
    class RequestStack
    {
        public ?Request $main = null;
        public function getMainRequest(): ?Request { return $this->main; }
        public function getSession(): Session { return $this->main->getSession(); }
    }
}

namespace Shopware\Core\Checkout\Cart\Order {
    class CartConvertedEvent
    {
        public function __construct(private array $convertedCart) {}
        public function getConvertedCart(): array { return $this->convertedCart; }
        public function setConvertedCart(array $convertedCart): void { $this->convertedCart = $convertedCart; }
    }
}
