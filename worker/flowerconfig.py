"""Flower's configuration, from the worker's settings: `celery -A worker.app flower`, which finds this file by itself.

Flower runs this file and takes each name that is one of its options. Options on the command line outweigh it.
"""

import sys as _sys

from tornado.options import options as _given

from worker.configuration import settings
from worker.flower_pages.amended_templates import FlowerMovedError as _FlowerMovedError
from worker.flower_pages.install import install as _install

try:
    _install()
except _FlowerMovedError as _error:
    _sys.exit(f"redeem: {_error}")
_flower = settings().flower

port = _flower.port
if _flower.basic_auth:
    basic_auth = [_flower.basic_auth.get_secret_value()]
# Without a login whoever reaches the port could read every task and stop the workers.
address = "" if _flower.basic_auth or _given.basic_auth or _given.auth else "127.0.0.1"
if _flower.read_only:
    read_only = True

# What an operator looks for first: which redemption, how it ended, and why not.
tasks_columns = "name,args,state,exception,received,runtime,worker,uuid"
