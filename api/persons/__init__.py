"""The persons API: operations on one person, on many, and on what has happened to them."""
