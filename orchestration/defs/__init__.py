"""One module per concern; `orchestration.definitions` loads them all."""
