"""Long fault campaigns: thousands of orders while something breaks all the time, and a verdict over all books.

    ./run python -m tests.acceptance.campaigns --list
    ./run python -m tests.acceptance.campaigns kills --faults 200 --seed 7

A campaign is one function in one file, entered in `registry.py`. It sets up a `Stage` (broker, sandbox, supervised
workers), lets `Traffic` send orders by both doors while it does its harm, and returns `stage.report(…)`: what was
promised, what our ledger says, and what the partners' own books say, compared by `verdict.judge`.
"""
