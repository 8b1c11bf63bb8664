"""Addresses of pages, where an operation gives those of its answers."""

from urllib.parse import urlsplit


def local(url: str | None) -> str | None:
    """Return the path and the query of a URL of ours; None for none."""
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
