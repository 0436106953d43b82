"""What comes through the queues: read all through before it is trusted, and kept as a dead letter where it is bad."""
