<?php // The classes of Magento 2 that our observer uses, as far as it uses them.
namespace Magento\Framework {
    /** Data under names with underscores, and getters for all of them. */
    class DataObject
    {
        public function __construct(private array $data) {}
        public function getData(string $name) { return $this->data[$name] ?? null; }
        public function __call(string $method, array $arguments)
        {
            return $this->getData(strtolower(preg_replace('/(?<!^)[A-Z]/', '_$0', substr($method, 3))));
        }
    }
}

namespace Magento\Framework\Event {
    interface ObserverInterface { public function execute(Observer $observer): void; }
    class Observer extends \Magento\Framework\DataObject {}
}

namespace Psr\Log {
    interface LoggerInterface { public function critical(string $message): void; }
}
