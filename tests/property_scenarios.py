"""What captured events do to properties: scenarios P01 to P25, and some more.

Those with an odd number are the golden ones; those with an even one follow from the same rules.
Where our contract differs from PostHog, the scenario says so.
"""

from tests.scenario import Scenario, anonymous, event, visit

SET = "$set"
ITEM = {"$set": {"list": [1, {"a": 1}], "bag": {"a": 1}}}

PROPERTY_SCENARIOS = {
    "P01 a plain event creates a person": Scenario(
        [visit("mia", {SET: {"plan": "free"}, "$set_once": {"src": "ad"}, "page": "/x"})],
        [anonymous("mia", {"src": "ad", "plan": "free"})],
    ),
    "P02 an existing person: $set replaces, $set_once only adds": Scenario(
        [
            visit("mia", {SET: {"plan": "free", "src": "ad"}}),
            visit("mia", {SET: {"plan": "pro"}, "$set_once": {"src": "seo", "ref": "y"}}),
        ],
        [anonymous("mia", {"plan": "pro", "src": "ad", "ref": "y"})],
    ),
    "P03 creation: $set beats $set_once on the same key": Scenario(
        [
            visit(
                "mia",
                {"$set_once": {"tier": "gold", "city": "Oslo"}, SET: {"city": "Rome", "l": "it"}},
            )
        ],
        [anonymous("mia", {"tier": "gold", "city": "Rome", "l": "it"})],
    ),
    "P04 $unset as a list: its texts count, all else does not": Scenario(
        [
            visit("mia", {SET: {"a": 1, "5": 2, "b": 3}}),
            visit("mia", {"$unset": ["a", 5, None, "never there"]}),
        ],
        [anonymous("mia", {"5": 2, "b": 3})],
    ),
    "P05 the same key in both on an existing person": Scenario(
        [
            visit("mia", {SET: {"z": 0}}),
            visit("mia", {SET: {"k": "set"}, "$set_once": {"k": "once"}}),
        ],
        [anonymous("mia", {"z": 0, "k": "set"})],
    ),
    "P06 creation ignores $unset": Scenario(
        [visit("mia", {SET: {"a": 1}, "$unset": ["a", "b"]})],
        [anonymous("mia", {"a": 1})],
        again=[anonymous("mia")],
    ),
    "P07 $unset as an object uses its keys": Scenario(
        [visit("mia", {SET: {"a": 1, "b": 2}}), visit("mia", {"$unset": {"a": ""}})],
        [anonymous("mia", {"b": 2})],
    ),
    "P08 $set and $unset of a key that was absent": Scenario(
        [visit("mia", {SET: {"b": 2}}), visit("mia", {SET: {"x": 1}, "$unset": ["x"]})],
        [anonymous("mia", {"b": 2, "x": 1})],
        again=[anonymous("mia", {"b": 2})],
    ),
    "P09 $set and $unset of a key that was present": Scenario(
        [visit("mia", {SET: {"x": 0, "b": 2}}), visit("mia", {SET: {"x": 1}, "$unset": ["x"]})],
        [anonymous("mia", {"b": 2})],
        again=[anonymous("mia", {"b": 2, "x": 1})],
    ),
    "P10 $set_once and $unset of a key that was absent": Scenario(
        [visit("mia"), visit("mia", {"$set_once": {"x": 1}, "$unset": ["x"]})],
        [anonymous("mia", {"x": 1})],
        again=[anonymous("mia")],
    ),
    "P11 $set_once works again after $unset": Scenario(
        [
            visit("mia", {SET: {"x": 1}}),
            visit("mia", {"$unset": ["x"]}),
            visit("mia", {"$set_once": {"x": 2}}),
        ],
        [anonymous("mia", {"x": 2})],
    ),
    "P12 a null is a value: $set_once leaves it": Scenario(
        [visit("mia", {SET: {"x": None}}), visit("mia", {"$set_once": {"x": 2}})],
        [anonymous("mia", {"x": None})],
    ),
    "P13 $set to null keeps the key": Scenario(
        [visit("mia", {SET: {"x": 1}}), visit("mia", {SET: {"x": None}})],
        [anonymous("mia", {"x": None})],
    ),
    "P14 values are replaced whole": Scenario(
        [visit("mia", ITEM), visit("mia", {SET: {"list": [2], "bag": {"b": 2}}})],
        [anonymous("mia", {"list": [2], "bag": {"b": 2}})],
    ),
    "P15 top-level $set wins over properties.$set": Scenario(
        [visit("mia", {SET: {"b": 2, "c": 2}}, **{SET: {"a": 1, "b": 1}})],
        [anonymous("mia", {"b": 1, "c": 2, "a": 1})],
    ),
    "P16 top-level $set_once wins over properties.$set_once": Scenario(
        [
            visit("mia", {"$set_once": {"b": 2, "c": 2}}, **{"$set_once": {"a": 1, "b": 1}}),
            visit("mia", **{"$set_once": {"a": 9, "d": 4}, SET: None}),
        ],
        [anonymous("mia", {"b": 1, "c": 2, "a": 1, "d": 4})],
    ),
    "P17 top-level $unset counts (not so in PostHog)": Scenario(
        [visit("mia", {SET: {"a": 1, "b": 2}}), visit("mia", **{"$unset": ["a"]})],
        [anonymous("mia", {"b": 2})],
    ),
    "P18 a late event: the last to arrive wins, the birthday stays": Scenario(
        [
            visit("mia", {SET: {"x": "early"}}, timestamp="2024-01-05T00:00:00Z"),
            visit("mia", {SET: {"x": "late"}}, timestamp="2024-01-02T00:00:00Z"),
        ],
        [anonymous("mia", {"x": "late"}, day=5)],
    ),
    "P19 NUL becomes U+FFFD in values, keys and ids": Scenario(
        [visit("mi\0a", {SET: {"k": "a\0b", "\0": ["\0"]}})],
        [anonymous("mi\ufffda", {"k": "a\ufffdb", "\ufffd": ["\ufffd"]})],
    ),
    "P20 a filtered key alone is not written": Scenario(
        [visit("mia", {"$browser": "Chrome"}), visit("mia", {"$browser": "Firefox"})],
        [anonymous("mia", {"$initial_browser": "Chrome", "$browser": "Chrome"})],
    ),
    "P21 a filtered key rides along with a real change": Scenario(
        [
            visit("mia", {"$browser": "Chrome"}),
            visit("mia", {"$browser": "Firefox", SET: {"plan": "pro"}}),
        ],
        [anonymous("mia", {"$initial_browser": "Chrome", "$browser": "Firefox", "plan": "pro"})],
    ),
    "P22 a $set event always writes": Scenario(
        [visit("mia", {"$browser": "Chrome"}), event(SET, "mia", {"$browser": "Firefox"})],
        [anonymous("mia", {"$initial_browser": "Chrome", "$browser": "Firefox"})],
    ),
    "P22 so does an $identify": Scenario(
        [visit("mia", {"$os": "Linux"}), event("$identify", "mia", {"$os": "iOS"})],
        [anonymous("mia", {"$initial_os": "Linux", "$os": "iOS"})],
    ),
    "P22 but not a $set_once event": Scenario(
        [visit("mia", {"$os": "Linux"}), event("$set_once", "mia", {SET: {"$os": "iOS"}})],
        [anonymous("mia", {"$initial_os": "Linux", "$os": "Linux"})],
    ),
    "P23 campaign keys are not filtered; $initial_ is sticky": Scenario(
        [visit("mia", {"utm_source": "news"}), visit("mia", {"utm_source": "ads"})],
        [anonymous("mia", {"$initial_utm_source": "news", "utm_source": "ads"})],
    ),
    "P24 an explicit $set overwrites $initial_": Scenario(
        [
            visit("mia", {"$current_url": "/a"}),
            visit("mia", {SET: {"$initial_current_url": "/z"}}),
        ],
        [anonymous("mia", {"$current_url": "/a", "$initial_current_url": "/z"})],
    ),
    "P24 the caller's own entries win over what is lifted, nulls are lifted too": Scenario(
        [
            visit(
                "mia",
                {
                    "utm_source": "ads",
                    "gclid": None,
                    SET: {"utm_source": "mine"},
                    "$set_once": {"$initial_utm_source": "first"},
                },
            ),
            visit("mia", {"gclid": "x"}),
        ],
        [
            anonymous(
                "mia",
                {
                    "utm_source": "mine",
                    "$initial_utm_source": "first",
                    "gclid": "x",
                    "$initial_gclid": None,
                },
            )
        ],
    ),
    "P25 a server's own system is not lifted": Scenario(
        [visit("mia", {"$is_server": True, "$os": "Linux", "$os_version": "12", SET: {"a": 1}})],
        [anonymous("mia", {"a": 1})],
    ),
    "P25 $os_name stands for $os, and never for itself": Scenario(
        [
            visit("mia", {"$os_name": "iOS"}),
            visit("noa", {"$os_name": "iOS", "$os": "Linux", "$is_server": "true"}),
        ],
        [
            anonymous("mia", {"$os": "iOS", "$initial_os": "iOS"}),
            anonymous("noa", {"$os": "Linux", "$initial_os": "Linux"}, day=2),
        ],
    ),
    "P70 a value of another kind is another value": Scenario(
        [
            visit("mia", {SET: {"a": 1, "b": 1, "c": 0, "d": 2**60}}),
            visit("mia", {SET: {"a": True, "b": "1", "c": False, "d": 2**60 + 1}}),
        ],
        [anonymous("mia", {"a": True, "b": "1", "c": False, "d": 2**60 + 1})],
    ),
    "P71 what is no object sets nothing": Scenario(
        [visit("mia", {SET: "text", "$set_once": [1], "$unset": "a"})], [anonymous("mia")]
    ),
    "P72 all keys are allowed": Scenario(
        [visit("mia", {SET: {"": 1, "$lib": "x", "é\n'\"": 2, "a.b": 3}})],
        [anonymous("mia", {"": 1, "$lib": "x", "é\n'\"": 2, "a.b": 3})],
    ),
}
