"""What the definitions lean on and what can be tested without Dagster's daemon."""
