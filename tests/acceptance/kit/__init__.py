"""What the acceptance tests stand on: real processes that can be killed, and partners that remember every byte."""

from tests.acceptance.kit.events import code, order
from tests.acceptance.kit.polling import eventually
from tests.acceptance.kit.processes import FlowerProcess, WebProcess, WorkerProcess
from tests.acceptance.kit.shops import Shop
from tests.acceptance.kit.system import System

__all__ = ["FlowerProcess", "Shop", "System", "WebProcess", "WorkerProcess", "code", "eventually", "order"]
