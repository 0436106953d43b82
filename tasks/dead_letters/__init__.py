"""What needs a person: dead letters found, explained, set right, brought back or closed."""
