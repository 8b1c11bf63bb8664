"""Less looking for garbage: what a service has loaded stays, and requests leave few cycles."""

import gc

GARBAGE = 10_000  # objects more than before, after which their garbage is collected


def spare_collector() -> None:
    """Let the collector pass over what is there by now, and look at the rest less often."""
    gc.freeze()
    gc.set_threshold(GARBAGE)
