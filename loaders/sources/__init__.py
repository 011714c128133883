"""One file per source: its `SOURCE`, data only. A new one is one more file here; see CONTRIBUTING, "Add a source"."""
