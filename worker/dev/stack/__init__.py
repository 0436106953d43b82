"""The stack behind `redeem up`: broker, sandbox, worker, HTTP door, Flower; started in order, watched, stopped warm."""
