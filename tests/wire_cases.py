"""The wire cases W01 to W39, as tables of requests. Even numbers are ours, by the same rules."""

import gzip
import json
from base64 import b64decode, b64encode
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from api.capture.checks import MAX_EVENT
from api.capture.intake import MAX_BODY

B = {
    "api_key": "phc_t",
    "event": "visit",
    "distinct_id": "mia",
    "properties": {"q": ">>>???é"},
}
BASE64 = (
    "eyJhcGlfa2V5IjoicGhjX3QiLCJldmVudCI6InZpc2l0IiwiZGlzdGluY3RfaWQiOiJtaWEiLCJwcm9wZXJ0aWVz"
    "Ijp7InEiOiI+Pj4/Pz/DqSJ9fQ=="
)
LZ64 = (
    "N4IghgDglg+g1gUwJ4gFwggCwMYwC4gA0ICAbggHYHqlQDOUBxAJvXlBdnjFM2iAFsoYIhgBOAewgIx7BHTSgAjv"
    "wB86gPxaAlyAC+eoA==="
)
GZIP = b64decode(
    "H4sIAAAAAAACAxXIwQ2AIAwF0F3+2Qk4wCiEQBMbo1ZoSAxhIOdwMevxvYEkHDe64SBrjooF1OlQc+fGvws35SNr"
    "5GK7c7KTegpVZWpwA5e99z6E8D6Y8wP6SxPlVQAAAA=="
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENGAGED = {"token": "phc_t", "distinct_id": "mia", "$set": {"a": 1}}
UUID = "0189c5de-0000-7000-8000-00000000000a"


class Accepted(NamedTuple):
    """A request that is answered with 200, and the events that are kept then."""

    path: str
    options: dict[str, Any]
    method: str = "POST"
    kept: tuple[str, ...] = ("visit",)


class Refused(NamedTuple):
    """A request that is refused, and what the text of the answer begins with."""

    path: str
    options: dict[str, Any]
    status: int
    text: str


def b(**fields: Any) -> dict[str, Any]:
    """Return B with these fields; one that is ... is left out."""
    return {name: value for name, value in (B | fields).items() if value is not ...}


def batch(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"api_key": "phc_t", "batch": list(events)} | fields


def form(**fields: str) -> dict[str, Any]:
    return {"content": urlencode(fields), "headers": FORM}


PATHS = ["/capture", "/e", "/i/v0/e", "/track", "/engage", "/batch", "/i/v0/ai/batch"]

ACCEPTED = {
    **{f"W01 {path}": Accepted(path, {"json": B}) for path in PATHS},
    **{f"W01 {path}/": Accepted(f"{path}/", {"json": B}) for path in PATHS},
    "W02 a batch": Accepted("/batch/", {"json": batch(B, B)}, kept=("visit", "visit")),
    "W03 an array": Accepted("/e/", {"json": [B, B]}, kept=("visit", "visit")),
    "W04 the token in the properties": Accepted(
        "/e/",
        {"json": b(api_key=..., properties=B["properties"] | {"token": "phc_t"})},  # type: ignore[operator]
    ),
    "W05 the token as $token": Accepted("/e/", {"json": b(api_key=..., **{"$token": "phc_t"})}),
    "W05 the token as token": Accepted("/e/", {"json": b(api_key=..., token="phc_t")}),
    "W06 a batch's own token counts": Accepted("/batch/", {"json": batch(b(api_key="phc_u"))}),
    "W06 blanks around the token": Accepted("/e/", {"json": b(api_key=" phc_t\n")}),
    "W07 gzip as text/plain": Accepted(
        "/e/", {"content": GZIP, "headers": {"Content-Type": "text/plain"}}
    ),
    "W08 gzip with a Content-Encoding": Accepted(
        "/batch/",
        {
            "content": gzip.compress(json.dumps(batch(B)).encode()),
            "headers": {"Content-Encoding": "gzip", "Content-Type": "application/json"},
        },
    ),
    "W09 gzip by the query": Accepted("/e/?compression=gzip-js", {"content": GZIP}),
    "W10 a form in base64": Accepted("/e/?compression=base64", form(data=BASE64)),
    "W11 a form in base64, raw +": Accepted(
        "/e/?compression=base64", {"content": f"data={BASE64}", "headers": FORM}
    ),
    "W12 a form in JSON": Accepted("/e/", form(data=json.dumps(B))),
    "W13 a form in LZ": Accepted("/e/?compression=lz64", form(data=LZ64)),
    "W13 a form in LZ, the hint inside": Accepted("/e/", form(data=LZ64, compression="lz64")),
    "W14 a body in LZ": Accepted("/e/?compression=lz64", {"content": LZ64}),
    "W15 a body in base64": Accepted("/e/", {"content": BASE64}),
    "W16 the query in base64": Accepted(f"/e/?data={quote(BASE64)}", {}, method="GET"),
    "W16 the query in JSON": Accepted(f"/e/?data={quote(json.dumps(B))}&_=1", {}, method="GET"),
    "W16 gzip in base64": Accepted("/e/", {"content": b64encode(GZIP)}),
    "W17 an unknown hint": Accepted("/e/?compression=banana", {"json": B}),
    "W18 JSON that says it is a form": Accepted("/e/", {"content": json.dumps(B), "headers": FORM}),
    "W18 JSON of no type": Accepted("/e/", {"content": json.dumps(B)}),
    "W30 a number for a distinct id": Accepted("/e/", {"json": b(distinct_id=7)}),
    "W32 a UUID in other spellings": Accepted(
        "/e/", {"json": b(uuid=UUID.replace("-", "").upper())}
    ),
    "W33 an empty UUID": Accepted("/e/", {"json": b(uuid="")}),
    "W34 the same UUID twice": Accepted("/batch/", {"json": batch(b(uuid=UUID), b(uuid=UUID))}),
    "W35 $performance_event": Accepted("/e/", {"json": b(event="$performance_event")}, kept=()),
    "W38 /engage with a name": Accepted("/engage/", {"json": ENGAGED | {"event": "visit"}}),
    "W43 the token in two spellings": Accepted("/e/", {"json": b(token="phc_t")}),
    "a session recording": Accepted("/s/", {"content": b"anything"}, kept=()),
}

INVALID = "API key is not valid: "
NO_ID = "event submitted without a distinct_id"
PARSE = "failed to parse request: "
DECODE = "failed to decode request: "

REFUSED = {
    "W19 an empty array": Refused("/e/", {"json": []}, 400, "request holds no event"),
    "W19 an empty batch": Refused("/batch/", {"json": batch()}, 400, "request holds no event"),
    "W20 nothing": Refused("/e/", {}, 400, "request missing data payload"),
    "W20 an empty form": Refused("/e/", form(data=""), 400, "request missing data payload"),
    "W21 gzip's magic, then garbage": Refused(
        "/e/", {"content": b"\x1f\x8b\x08garbage"}, 400, DECODE
    ),
    "W21 half of a gzip": Refused("/e/", {"content": GZIP[:40]}, 400, DECODE),
    "W21 no gzip": Refused("/e/?compression=gzip", {"content": b"hello!!"}, 400, DECODE),
    "W21 no LZ": Refused("/e/?compression=lz64", {"content": b"????"}, 400, DECODE),
    "W22 no JSON": Refused("/e/", {"content": b"hello, world!"}, 400, PARSE),
    "W22 no object": Refused("/e/", {"json": "text"}, 400, PARSE),
    "W22 no UTF-8": Refused("/e/", {"content": b'{"event":"\xff"}'}, 400, DECODE),
    "W22 no form": Refused("/e/", {"content": b"hello, world!", "headers": FORM}, 400, DECODE),
    "W23 no token": Refused(
        "/e/", {"json": b(api_key=...)}, 401, "event submitted without an api_key"
    ),
    "W23 a batch without a token": Refused(
        "/batch/", {"json": {"batch": [B]}}, 401, "event submitted without an api_key"
    ),
    "W24 two tokens": Refused(
        "/e/", {"json": [B, b(api_key="phc_u")]}, 401, "batch submitted with inconsistent api_key"
    ),
    "W25 an empty token": Refused("/e/", {"json": b(api_key="")}, 401, INVALID + "empty"),
    "W25 a blank token": Refused("/e/", {"json": b(api_key="  ")}, 401, INVALID + "empty"),
    "W25 a key": Refused("/e/", {"json": b(api_key="phx_abc")}, 401, INVALID + "personal_api_key"),
    "W25 65 letters": Refused("/e/", {"json": b(api_key="p" * 65)}, 401, INVALID + "too_long"),
    "W25 not ASCII": Refused("/e/", {"json": b(api_key="phc_é")}, 401, INVALID + "not_ascii"),
    "W25 a NUL": Refused("/e/", {"json": b(api_key="phc\0t")}, 401, INVALID + "null_byte"),
    "W26 an unknown token": Refused(
        "/e/", {"json": b(api_key="phc_u")}, 401, INVALID + "no project has this project API key"
    ),
    "W27 no distinct id": Refused("/e/", {"json": b(distinct_id=...)}, 400, NO_ID),
    "W27 null": Refused("/e/", {"json": b(distinct_id=None)}, 400, NO_ID),
    "W27 empty": Refused("/e/", {"json": b(distinct_id="")}, 400, NO_ID),
    "W27 blank": Refused("/e/", {"json": b(distinct_id="   ")}, 400, NO_ID),
    "W27 empty does not fall back": Refused(
        "/e/", {"json": b(distinct_id="", properties={"distinct_id": "x"})}, 400, NO_ID
    ),
    "W28 an empty name": Refused(
        "/e/", {"json": b(event="")}, 400, "event submitted with an empty event name"
    ),
    "W28 no name": Refused(
        "/e/", {"json": b(event=...)}, 400, "failed to hydrate events from request: "
    ),
    "W28 a name that is no text": Refused("/e/", {"json": b(event=5)}, 400, PARSE),
    "W31 a batch of bad events": Refused("/batch/", {"json": batch(5, b(event=""))}, 400, PARSE),
    "W32 no UUID": Refused("/e/", {"json": b(uuid="banana")}, 400, PARSE),
    "W34 null properties": Refused("/e/", {"json": b(properties=None)}, 400, PARSE),
    "W34 $set is no object": Refused("/e/", {"json": b(**{"$set": [1]})}, 400, PARSE),
    "W34 a timestamp that is no text": Refused("/e/", {"json": b(timestamp=5)}, 400, PARSE),
    "W34 an offset that is no integer": Refused("/e/", {"json": b(offset=1.5)}, 400, PARSE),
    "W38 no cookieless mode": Refused(
        "/e/",
        {"json": b(properties={"$cookieless_mode": 1})},
        400,
        "event submitted with invalid cookieless mode",
    ),
    "W39 a body above the cap": Refused(
        "/batch/", {"content": b" " * (MAX_BODY + 1)}, 413, "maximum event size exceeded: the body"
    ),
    "W39 an event above the cap": Refused(
        "/batch/",
        {"json": batch(b(properties={"x": "x" * MAX_EVENT}))},
        413,
        "maximum event size exceeded: an event",
    ),
}
