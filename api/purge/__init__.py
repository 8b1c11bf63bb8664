"""The purge: deleting captured events and erasing persons, when it is time or when asked."""
