"""The rules of merging that could be others: which persons a captured event may join."""

from msgspec import Struct

from domain.identity import is_illegal


class MergeRules(Struct, frozen=True, kw_only=True):
    """Rules of merging; by default those that the store lives by, which are PostHog's.

    `unguarded`: the events that merge even an identified person away. `attaches_identified`: an
    unseen distinct id may come to an identified person that an event would merge into it.
    `illegal_ids`: distinct ids that never join two persons, besides those of `is_illegal`.
    """

    unguarded: frozenset[str] = frozenset({"$merge_dangerously"})
    attaches_identified: bool = True
    illegal_ids: frozenset[str] = frozenset()

    def guards(self, event: str) -> bool:
        """Tell whether an event of this name must not merge an identified person away."""
        return event not in self.unguarded

    def forbids(self, distinct_id: str) -> bool:
        """Tell whether a distinct id can never take part in a merge."""
        return is_illegal(distinct_id) or distinct_id in self.illegal_ids


AS_POSTHOG = MergeRules()
