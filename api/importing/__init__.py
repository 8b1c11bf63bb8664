"""Importing files: what PostHog and others have exported, carried out as commands."""
