"""The views that are built from the log, and what is asked of them."""
