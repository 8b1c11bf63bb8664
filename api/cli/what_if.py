"""`persons replay --rules`: which persons would be others under other rules of merging."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from api.cli import choosing
from api.cli.opening import prepared_database
from domain.merge_rules import AS_POSTHOG, MergeRules
from projections.what_if import Answer, Decision, Difference, what_if

MAX_NAMES = 5  # distinct ids of a person that a line for people shows

_GUARDS = {"guard-identify": "$identify", "guard-alias": "$create_alias"}
_STATES = {"on": True, "off": False}

RULES = {
    "guard-identify": "$identify does not merge an identified person away: on",
    "guard-alias": "$create_alias does not merge an identified person away: on",
    "merge-dangerously": "$merge_dangerously merges whatever the guards say: on",
    "attach-identified": "an unseen distinct id may come to an identified person: on",
    "illegal-ids": "distinct ids, as a|b|c, that join nobody, besides those that never do: none",
}
"""The rules of merging that can be others, and what each is in the store."""


def or_report(replay: Callable[..., None]) -> Callable[..., None]:
    """Let `replay` report who would be another person, where its options ask for that."""

    @click.option("--rules", metavar="NAME=VALUE,…", help="With --report: replay by these rules.")
    @click.option("--report", "reports", is_flag=True, help="Print who would be another person.")
    @click.option("--json", "as_json", is_flag=True, help="With --report: print JSON Lines.")
    @wraps(replay)
    def chosen(*, rules: str | None, reports: bool, as_json: bool, **others: Any) -> None:
        if reports or rules is not None:
            _report(others["project_id"], rules or "", as_json=as_json)
        else:
            replay(**others)

    return chosen


def _report(project_id: int | None, text: str, *, as_json: bool) -> None:
    others = rules(text)
    with prepared_database() as database, database.reading() as connection:
        chosen = choosing.project(connection, project_id)
        answer = what_if(connection, chosen, others)
    _print_answer(chosen, text, answer, as_json=as_json)


def rules(text: str) -> MergeRules:
    """Return the rules that a text such as `guard-alias=off,illegal-ids=a|b` says.

    Raises:
        BadParameter: it says none that there are.
    """
    chosen = AS_POSTHOG
    for each in filter(None, text.split(",")):
        name, _, value = each.partition("=")
        chosen = _with(chosen, name.strip(), value.strip())
    return chosen


def _with(chosen: MergeRules, name: str, value: str) -> MergeRules:
    if name == "illegal-ids" and value:
        return replace(chosen, illegal_ids=frozenset(value.split("|")))
    if name not in RULES or value not in _STATES:
        known = "\n".join(f"  {name}  {meaning}" for name, meaning in RULES.items())
        message = f"{name}={value} is no rule; there are, each =on or =off:\n{known}"
        raise click.BadParameter(message, param_hint="--rules")
    is_on = _STATES[value]
    if name == "attach-identified":
        return replace(chosen, attaches_identified=is_on)
    event = _GUARDS.get(name, "$merge_dangerously")
    is_guarded = is_on == (name in _GUARDS)
    unguarded = chosen.unguarded - {event} if is_guarded else chosen.unguarded | {event}
    return replace(chosen, unguarded=unguarded)


def _print_answer(project_id: int, text: str, answer: Answer, *, as_json: bool) -> None:
    if as_json:
        for difference in answer.differences:
            _print({"kind": "difference", "project": project_id, **_facts(difference)})
        counts = {name: getattr(answer, name) for name in _counts(answer)}
        differing = {"differences": len(answer.differences)}
        _print({"kind": "summary", "project": project_id, "rules": text, **counts, **differing})
        return
    for difference in answer.differences:
        click.echo("\n".join(_lines(difference)))
    click.echo(
        f"project {project_id}: {answer.persons_now:,} persons by the rules of the store, "
        f"{answer.persons_then:,} by {text or 'the same'}; {answer.events:,} captured events "
        f"replayed, {answer.merges:,} of them ask to join persons"
    )
    if answer.unlike_replay:
        click.echo(
            f"{answer.unlike_replay:,} persons of the store are not as their captured events make "
            "them: imported, split or unmerged, or their captured events are gone"
        )


def _print(facts: dict[str, object]) -> None:
    click.echo(msgspec.json.encode(facts))


def _counts(answer: Answer) -> list[str]:
    return [name for name in answer.__struct_fields__ if name != "differences"]


def _facts(difference: Difference) -> dict[str, object]:
    facts = msgspec.structs.asdict(difference)
    return facts | {"because": [each._asdict() for each in difference.because]}


def _lines(difference: Difference) -> list[str]:
    now, then = (_persons(groups) for groups in (difference.now, difference.then))
    return [f"now {now}", f"  then {then}", *map(_because, difference.because)]


def _persons(groups: Sequence[Sequence[str]]) -> str:
    return " | ".join(_names(group) for group in groups) or "nobody"


def _names(group: Sequence[str]) -> str:
    more = len(group) - MAX_NAMES
    return ", ".join(group[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _because(decision: Decision) -> str:
    then = "joins" if decision.joined_then else "does not join"
    return (
        f"  {decision.event} {decision.uuid} at position {decision.position} {then} "
        f"{decision.source!r} to {decision.target!r} then"
    )
