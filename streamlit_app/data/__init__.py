"""The parts of the Data page, one module each: `freshness`, `failures`, `attempts`, `rejects`."""
