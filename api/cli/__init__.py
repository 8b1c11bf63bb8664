"""The command line: `persons`, one module for each group of commands."""

from api.cli.main import main

__all__ = ["main"]
