"""Whose event it is, and whether it counts: scenarios P26 to P29, P59 to P68, and some more.

Those with an odd number are the golden ones; those with an even one follow from the same rules.
Where our contract differs from PostHog, the scenario says so.
"""

from tests.scenario import Event, Scenario, anonymous, event, identified, identify, visit

SET = "$set"
LONG = "L" * 200


def captured_twice(value: int) -> Event:
    return visit("mia", {SET: {"x": value}}, uuid="00000000-0000-7000-8000-00000000000a")


EVENT_SCENARIOS = {
    "P26 a personless event makes nobody": Scenario(
        [visit("anon-1", {"$process_person_profile": False, SET: {"a": 1}})], []
    ),
    "P27 personless, then personful": Scenario(
        [
            visit("anon-1", {"$process_person_profile": False, SET: {"a": 1}}),
            visit("anon-1", {SET: {"b": 2}}),
        ],
        [anonymous("anon-1", {"b": 2}, day=2)],
    ),
    "P28 a personless event changes no existing person": Scenario(
        [
            visit("mia", {SET: {"a": 1}}),
            visit(
                "mia",
                {
                    "$process_person_profile": False,
                    SET: {"a": 2},
                    "$set_once": {"b": 1},
                    "$unset": ["a"],
                },
            ),
            event(SET, "mia", {"$process_person_profile": False, SET: {"a": 3}}),
        ],
        [anonymous("mia", {"a": 1})],
    ),
    "P29 a flag that is no boolean means personful": Scenario(
        [visit("mia", {"$process_person_profile": "false", SET: {"a": 1}})],
        [anonymous("mia", {"a": 1})],
        ["invalid_process_person_profile"],
    ),
    "P29 so does a null, and 0": Scenario(
        [
            visit("mia", {"$process_person_profile": None, SET: {"a": 1}}),
            visit("mia", {"$process_person_profile": 0, SET: {"b": 1}}),
            visit("mia", {"$process_person_profile": True, SET: {"c": 1}}),
        ],
        [anonymous("mia", {"a": 1, "b": 1, "c": 1})],
        ["invalid_process_person_profile"] * 2,
    ),
    "P59 a distinct id that is a number equals its text": Scenario(
        [visit(42, {SET: {"a": 1}}), visit("42", {SET: {"b": 2}})],
        [anonymous("42", {"a": 1, "b": 2})],
    ),
    "P60 distinct ids of other types are their JSON": Scenario(
        [visit(True, {SET: {"a": 1}}), visit(["a", 1]), visit({"a": 1.5})],
        [
            anonymous("true", {"a": 1}),
            anonymous('["a",1]', day=2),
            anonymous('{"a":1.5}', day=3),
        ],
    ),
    "P61 the top-level distinct id beats the one in the properties": Scenario(
        [visit("mia", {"distinct_id": "other", SET: {"a": 1}})],
        [anonymous("mia", {"a": 1})],
    ),
    "P62 the one in the properties counts where there is no other": Scenario(
        [visit(None, {"distinct_id": "mia", SET: {"a": 1}}), visit(None, {"distinct_id": 7})],
        [anonymous("mia", {"a": 1}), anonymous("7", day=2)],
    ),
    "P63 a distinct id is cut to 200 characters": Scenario(
        [visit(f"{LONG}-one", {SET: {"a": 1}}), visit(f"{LONG}-two", {SET: {"b": 2}})],
        [anonymous(LONG, {"a": 1, "b": 2})],
    ),
    "P64 but not the one that it is to be merged with": Scenario(
        [
            visit(f"{LONG}-one", {SET: {"a": 1}}),
            identify("mia", f"{LONG}-one"),
            visit(f"{LONG}-one", {SET: {"b": 1}}),
        ],
        [anonymous(LONG, {"a": 1, "b": 1}), identified(f"mia {LONG}-one", day=2)],
    ),
    "P65 $exception never edits an existing person": Scenario(
        [
            visit("mia", {SET: {"a": 1}}),
            event("$exception", "mia", {SET: {"a": 2, "b": 3}, "$unset": ["a"]}),
        ],
        [anonymous("mia", {"a": 1})],
    ),
    "P66 nor does $$heatmap; but both bring one to life": Scenario(
        [
            event("$exception", "mia", {SET: {"a": 1}}),
            event("$$heatmap", "mia", {SET: {"a": 2}, "$current_url": "/x"}),
            event("$$heatmap", "noa", {SET: {"a": 2}}),
        ],
        [anonymous("mia", {"a": 1}), anonymous("noa", {"a": 2}, day=3)],
    ),
    "P67 an event that comes again does nothing (not so in PostHog)": Scenario(
        [captured_twice(1), visit("mia", {SET: {"x": 2}}), captured_twice(1)],
        [anonymous("mia", {"x": 2})],
    ),
    "P68 $groupidentify makes a bare person": Scenario(
        [
            event(
                "$groupidentify",
                "$company_acme",
                {"$group_type": "company", "$group_key": "acme", SET: {"a": 1}, "$os": "iOS"},
            ),
            event("$groupidentify", "mia", {"$group_type": "c", "$group_set": 5}),
        ],
        [anonymous("$company_acme"), anonymous("mia", day=2)],
        ["invalid_group_set"],
    ),
    "P73 a survey leaves the day on which it was shown": Scenario(
        [
            event("survey shown", "mia"),
            event("survey shown", "noa", {SET: {"$survey_last_seen_date": "mine"}}),
        ],
        [
            anonymous("mia", {"$survey_last_seen_date": "2024-01-01T00:00:00.000Z"}),
            anonymous("noa", {"$survey_last_seen_date": "mine"}, day=2),
        ],
    ),
}
