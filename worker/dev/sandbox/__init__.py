"""The partner sandbox: Sovendus and Uniqodo over real HTTP on this machine, with faults on demand.

For the demo, tests and fault campaigns. It needs only the standard library; production code never imports it.
`guide.py` is its description: paths, error words, the grammar of faults, the control API.
"""

from worker.dev.sandbox.books import Call, Redemption
from worker.dev.sandbox.policy import Policy, PolicyError
from worker.dev.sandbox.server import Sandbox

__all__ = ["Call", "Policy", "PolicyError", "Redemption", "Sandbox"]
