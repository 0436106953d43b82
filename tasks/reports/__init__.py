"""What was settled: reports of a period, and a partner's statement held against them."""
