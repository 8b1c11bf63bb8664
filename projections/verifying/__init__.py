"""Proving that the log and all views are right, or naming what is not."""
