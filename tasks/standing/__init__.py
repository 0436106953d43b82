"""How things stand: what waits, what is dead, in counts, money and time."""
