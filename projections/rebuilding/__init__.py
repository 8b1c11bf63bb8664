"""Making views from the log alone: all of them anew, or a project's from its export."""
