"""`python -m api.cli` is `persons`."""

from api.cli import main

main()
