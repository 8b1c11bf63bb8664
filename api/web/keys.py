"""Names of properties, in the order in which people look for them."""


def by_name(key: str) -> tuple[bool, str, str]:
    """Return what to sort a property by: alphabetically, PostHog's own at the end."""
    return key.startswith("$"), key.casefold(), key
