"""What is typed to confirm what cannot be taken back by a click: a word, and the person's id."""

from api.errors import invalid


def phrase(word: str, number: int) -> str:
    """Return what has to be typed to do something to a person."""
    return f"{word} {number}"


def check(typed: str, expected: str) -> None:
    """Refuse what was not confirmed.

    Raises:
        ApiError: 400.
    """
    if " ".join(typed.split()) != expected:
        raise invalid(f"Nothing was done: type “{expected}” to confirm it.", "confirm")
