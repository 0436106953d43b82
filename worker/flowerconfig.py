"""Flower's configuration, from the worker's settings: `celery -A worker.app flower --conf=worker/flowerconfig.py`.

Flower runs this file and takes each name that is one of its options. Options on the command line outweigh it.
"""

from worker.configuration import settings

_flower = settings().flower

port = _flower.port
# Without a password whoever reaches the port could read every task and stop the workers.
address = "" if _flower.basic_auth else "127.0.0.1"
if _flower.basic_auth:
    basic_auth = [_flower.basic_auth.get_secret_value()]
