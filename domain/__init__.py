"""What a person is: its events, its rules and its decisions. Knows no database and no HTTP."""
