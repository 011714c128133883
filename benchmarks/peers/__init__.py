"""What the warehouse is compared with: other ways to bring the same bytes into tables that a dashboard reads."""
