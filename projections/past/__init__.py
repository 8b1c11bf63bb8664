"""The past of all persons, for lists and searches as of a position, and for one person."""
