"""The stack behind `redeem up`: broker, sandbox, worker and Flower, started in order, watched, and stopped warm."""
