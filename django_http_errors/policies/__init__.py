"""What may be told: pure functions from a problem, the facts and a snapshot to a problem."""
