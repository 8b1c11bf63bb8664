"""What captured events do to identity: scenarios P30 to P58, P69, and some more.

Those with an odd number are the golden ones; those with an even one follow from the same rules.
"""

from tests.scenario import (
    Leaves,
    Scenario,
    alias,
    anonymous,
    event,
    identified,
    identify,
    merge,
    visit,
)

ILLEGAL = "cannot_merge_with_illegal_distinct_id"
ALREADY = "cannot_merge_already_identified"

TWO = [identify("mia", "anon-1", n="mia", x=1), identify("noa", "anon-2", n="noa", y=2)]

MERGE_SCENARIOS = {
    "P30 an $identify without a person is dropped": Scenario(
        [event("$identify", "mia", {"$anon_distinct_id": "a", "$process_person_profile": False})],
        [],
        ["invalid_event_when_process_person_profile_is_false"],
    ),
    "P30 so are the other events that need one": Scenario(
        [
            event(name, "mia", {"alias": "b", "$process_person_profile": False})
            for name in ("$create_alias", "$merge_dangerously", "$groupidentify")
        ],
        [],
        ["invalid_event_when_process_person_profile_is_false"] * 3,
    ),
    "P31 $identify without an anonymous id does not identify": Scenario(
        [event("$identify", "mia", {"$set": {"email": "m@x.io"}})],
        [anonymous("mia", {"email": "m@x.io"})],
    ),
    "P32 $identify, neither exists": Scenario(
        [identify("mia", "anon-1", a=1)], [identified("mia anon-1", {"a": 1})]
    ),
    "P33 $identify, only the anonymous one exists": Scenario(
        [
            visit("anon-1", {"$set": {"theme": "dark", "email": "?"}}),
            event(
                "$identify",
                "mia",
                {
                    "$anon_distinct_id": "anon-1",
                    "$set": {"email": "m@x.io"},
                    "$set_once": {"theme": "light"},
                },
            ),
        ],
        [identified("anon-1 mia", {"theme": "dark", "email": "m@x.io"})],
    ),
    "P34 $identify, only the target exists": Scenario(
        [visit("mia", {"$set": {"a": 1}}), identify("mia", "anon-1", b=2)],
        [identified("mia anon-1", {"a": 1, "b": 2})],
    ),
    "P35 $identify merges two unidentified persons": Scenario(
        [
            visit("anon-1", {"$set": {"theme": "dark", "cart": 2}}),
            visit("mia", {"$set": {"cart": 7, "seat": "4A", "lang": "it"}}),
            event(
                "$identify",
                "mia",
                {
                    "$anon_distinct_id": "anon-1",
                    "$set": {"lang": "no", "news": True},
                    "$set_once": {"theme": "light", "ref": "ad"},
                },
            ),
        ],
        [
            identified(
                "mia anon-1",
                {
                    "theme": "dark",
                    "cart": 7,
                    "seat": "4A",
                    "lang": "no",
                    "ref": "ad",
                    "news": True,
                },
            )
        ],
    ),
    "P36 the target wins also where the source is newer": Scenario(
        [
            visit("mia", {"$set": {"n": 1}}),
            visit("anon-1", {"$set": {"n": 2, "m": None}}),
            identify("mia", "anon-1"),
        ],
        [identified("mia anon-1", {"n": 1, "m": None})],
    ),
    "P37 a merge with $unset acts on the merged map": Scenario(
        [
            visit("anon-1", {"$set": {"a": 1, "b": 2}}),
            visit("mia", {"$set": {"c": 3}}),
            event("$identify", "mia", {"$anon_distinct_id": "anon-1", "$unset": ["a", "c"]}),
        ],
        [identified("mia anon-1", {"b": 2})],
    ),
    "P38 a merge takes the earlier birthday, by the senders' clocks": Scenario(
        [
            visit("mia", timestamp="2024-01-05T00:00:00Z"),
            visit("anon-1", timestamp="2024-01-03T00:00:00Z"),
            identify("mia", "anon-1"),
        ],
        [identified("mia anon-1", day=3)],
    ),
    "P38 which may be the target's": Scenario(
        [visit("mia"), visit("anon-1"), identify("mia", "anon-1")], [identified("mia anon-1")]
    ),
    "P39 refused: both are identified": Scenario(
        [
            identify("mia", "anon-1", n="mia"),
            identify("noa", "anon-2", n="noa"),
            alias("noa", "mia"),
        ],
        [
            identified("mia anon-1", {"n": "mia"}),
            identified("noa anon-2", {"n": "noa"}, day=2),
        ],
        [ALREADY],
    ),
    "P40 an identified source takes an unseen target in": Scenario(
        [identify("mia", "anon-1", n="mia"), identify("noa", "mia", x=1)],
        [identified("mia anon-1 noa", {"n": "mia", "x": 1})],
    ),
    "P41 $merge_dangerously ignores the guard": Scenario(
        [*TWO, merge("noa", "mia")],
        [identified("noa anon-2 mia anon-1", {"n": "noa", "x": 1, "y": 2})],
    ),
    "P42 what was refused a merge still sets and identifies": Scenario(
        [identify("mia", "anon-1", n="mia"), visit("noa"), identify("noa", "mia", n="noa")],
        [
            identified("mia anon-1", {"n": "mia"}),
            identified("noa", {"n": "noa"}, day=2),
        ],
        [ALREADY],
    ),
    "P43 $create_alias merges an unidentified person": Scenario(
        [
            visit("legacy-7", {"$set": {"p": "old", "q": 1}}),
            visit("mia", {"$set": {"p": "new"}}),
            alias("mia", "legacy-7"),
        ],
        [identified("mia legacy-7", {"p": "new", "q": 1})],
    ),
    "P44 $create_alias, neither exists": Scenario(
        [alias("mia", "legacy-7")], [identified("mia legacy-7")]
    ),
    "P44 a guarded source, though its target is identified, merges": Scenario(
        [identify("mia", "anon-1"), visit("b", {"$set": {"k": 1}}), alias("mia", "b")],
        [identified("mia anon-1 b", {"k": 1})],
    ),
    "P45 an alias of itself is nothing": Scenario([alias("mia", "mia")], [anonymous("mia")]),
    "P46 an illegal anonymous id: no merge, but a person": Scenario(
        [
            identify("mia", "undefined", a=1),
            identify("mia", "Guest"),
            identify("mia", "[object Object]"),
            identify("mia", {"any": "object"}),
            identify("mia", ""),
            identify("mia", "  "),
            merge("mia", "0"),
        ],
        [anonymous("mia", {"a": 1})],
        [ILLEGAL] * 7,
    ),
    "P47 an illegal anonymous id by JSON's null": Scenario(
        [identify("mia", None)], [anonymous("mia")], [ILLEGAL]
    ),
    "P48 an illegal id makes an ordinary person": Scenario(
        [visit("null", {"$set": {"a": 1}}), visit("NaN")],
        [anonymous("null", {"a": 1}), anonymous("NaN", day=2)],
    ),
    "P49 case rules: nan is legal": Scenario([identify("mia", "nan")], [identified("mia nan")]),
    "P50 in quotes it is as illegal": Scenario(
        [identify("mia", "'null'"), identify("mia", '"GUEST"'), identify("mia", "''null''")],
        [identified("mia ''null''")],
        [ILLEGAL] * 2,
    ),
    "P51 padding defeats the list": Scenario(
        [identify("mia", " null ")],
        [Leaves(["mia", " null "], {}, is_identified=True, day=1)],
    ),
    "P52 an illegal target: no merge, but a person": Scenario(
        [visit("anon-1"), identify("Anonymous", "anon-1", a=1)],
        [anonymous("anon-1"), anonymous("Anonymous", {"a": 1}, day=2)],
        [ILLEGAL],
    ),
    "P53 several devices": Scenario(
        [
            identify("mia", "dev-1"),
            identify("mia", "dev-2"),
            visit("dev-2", {"$set": {"last": "dev-2"}}),
        ],
        [identified("mia dev-1 dev-2", {"last": "dev-2"})],
    ),
    "P54 what comes for a merged id lands on the survivor": Scenario(
        [
            visit("mia", {"$set": {"a": 1}}),
            visit("anon-1", {"$set": {"a": 2}}),
            identify("mia", "anon-1"),
            visit("anon-1", {"$set": {"b": 3}}),
        ],
        [identified("mia anon-1", {"a": 1, "b": 3})],
    ),
    "P55 chain: the survivor absorbs a whole group": Scenario(
        [alias("b1", "b2"), visit("a1", {"$set": {"k": "a"}}), merge("a1", "b2")],
        [identified("a1 b1 b2", {"k": "a"})],
    ),
    "P56 chain: who absorbed is absorbed": Scenario(
        [
            visit("a", {"$set": {"a": 1, "k": "a"}}),
            visit("b", {"$set": {"b": 1, "k": "b"}}),
            visit("c", {"$set": {"c": 1, "k": "c"}}),
            alias("b", "a"),
            merge("c", "a"),
        ],
        [identified("c b a", {"a": 1, "b": 1, "c": 1, "k": "c"})],
    ),
    "P57 repeating the same $identify changes nothing": Scenario(
        [identify("mia", "anon-1", a=1)] * 2, [identified("mia anon-1", {"a": 1})]
    ),
    "P58 both are one already: the properties apply": Scenario(
        [identify("mia", "anon-1", a=1), identify("anon-1", "mia", a=2)],
        [identified("mia anon-1", {"a": 2})],
    ),
    "P60 an anonymous id is read as JavaScript would": Scenario(
        [identify("mia", 42), identify("mia", ["a", "b"]), identify("mia", 1.5)],
        [identified("mia 42 a,b 1.5")],
    ),
    "P69 an identify() of node, then one of a browser": Scenario(
        [
            event("$identify", "mia", {"$set": {"a": 1}, "$set_once": {}}),
            visit("anon-1", {"$process_person_profile": False}),
            identify("mia", "anon-1", b=2),
        ],
        [identified("mia anon-1", {"a": 1, "b": 2})],
    ),
    "P74 an alias that says nothing is silent": Scenario(
        [*(alias("mia", each) for each in ("", 0, None, False)), event("$create_alias", "mia")],
        [anonymous("mia")],
    ),
    "P75 ids differ by case, and by each byte": Scenario(
        [visit("mia"), visit("Mia"), visit(" mia"), visit("mi\u0061\u0301"), visit("mi\u00e1")],
        [
            Leaves([name], {}, is_identified=False, day=day)
            for day, name in enumerate(["mia", "Mia", " mia", "mia\u0301", "mi\u00e1"], start=1)
        ],
    ),
}
