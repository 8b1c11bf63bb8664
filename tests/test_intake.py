import asyncio
import gzip
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.capture.errors import CaptureError
from api.capture.intake import json_text, read_body

# Its base64 has both + and /.
TEXT = (
    '{"api_key":"phc_t","event":"visit","distinct_id":"mia","properties":{"q":">>>???é"}}'
).encode()
BASE64 = (
    b"eyJhcGlfa2V5IjoicGhjX3QiLCJldmVudCI6InZpc2l0IiwiZGlzdGluY3RfaWQiOiJtaWEiLCJwcm9wZXJ0"
    b"aWVzIjp7InEiOiI+Pj4/Pz/DqSJ9fQ=="
)
LZ64 = (
    b"N4IghgDglg+g1gUwJ4gFwggCwMYwC4gA0ICAbggHYHqlQDOUBxAJvXlBdnjFM2iAFsoYIhgBOAewgIx7BHTSgAjv"
    b"wB86gPxaAlyAC+eoA==="
)
GZIP = b64decode(
    "H4sIAAAAAAACAxXIwQ2AIAwF0F3+2Qk4wCiEQBMbo1ZoSAxhIOdwMevxvYEkHDe64SBrjooF1OlQc+fGvws35SNr"
    "5GK7c7KTegpVZWpwA5e99z6E8D6Y8wP6SxPlVQAAAA=="
)
FORM = "application/x-www-form-urlencoded"


def text_of(
    body: bytes = b"",
    content_type: str = "application/json",
    encoding: str = "",
    **query: str,
) -> bytes:
    headers = {"content-type": content_type, "content-encoding": encoding}
    return json_text(body, query=query, headers=headers)


def form(**fields: bytes | str) -> bytes:
    return urlencode(fields).encode()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", FORM])
@pytest.mark.parametrize(
    ("body", "query"),
    [
        pytest.param(TEXT, {}, id="plain"),
        pytest.param(b"\xef\xbb\xbf" + TEXT, {}, id="with a byte order mark"),
        pytest.param(GZIP, {}, id="W07 gzip without a word"),
        pytest.param(GZIP, {"compression": "gzip-js"}, id="W09 gzip with a hint"),
        pytest.param(GZIP + b"\0\0", {}, id="gzip and padding"),
        pytest.param(BASE64, {}, id="W15 base64 without a word"),
        pytest.param(BASE64, {"compression": "base64"}, id="base64 with a hint"),
        pytest.param(BASE64[:76] + b"\r\n" + BASE64[76:] + b"\n", {}, id="base64 in lines"),
        pytest.param(b64encode(GZIP), {}, id="gzip in base64"),
        pytest.param(gzip.compress(BASE64), {}, id="base64 in gzip"),
        pytest.param(TEXT, {"compression": "banana"}, id="W17 unknown hint"),
        pytest.param(TEXT, {"compression": "gzip"}, id="hint of gzip that was inflated on the way"),
        pytest.param(LZ64, {"compression": "lz64"}, id="lz64"),
        pytest.param(LZ64, {"compression": "LZ-String"}, id="lz64 by its other name"),
        pytest.param(b"ignored", {"data": TEXT.decode()}, id="data in the query"),
        pytest.param(b"", {"data": BASE64.decode()}, id="base64 in the query"),
        pytest.param(b"", {"data": BASE64.decode().replace("+", " ")}, id="raw + in the query"),
        pytest.param(TEXT, {"data": ""}, id="empty data in the query"),
    ],
)
def test_a_body_is_unpacked_whatever_it_says_it_is(
    body: bytes, query: dict[str, str], content_type: str
) -> None:
    assert text_of(body, content_type, **query) == TEXT


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper()])
@pytest.mark.parametrize(
    ("body", "query"),
    [
        pytest.param(form(data=TEXT), {}, id="plain"),
        pytest.param(form(data=BASE64), {"compression": "base64"}, id="base64"),
        pytest.param(form(data=BASE64, compression="base64"), {}, id="base64, hint inside"),
        pytest.param(b"data=" + BASE64, {"compression": "base64"}, id="W11 raw +"),
        pytest.param(form(data=LZ64), {"compression": "lz64"}, id="W13 lz64"),
        pytest.param(form(data=LZ64, compression="lz64"), {}, id="W13 lz64, hint inside"),
        pytest.param(b"data=" + LZ64, {"compression": "lz64"}, id="lz64, raw +"),
        pytest.param(form(data=GZIP), {"compression": "gzip-js"}, id="gzip"),
        pytest.param(form(data=b64encode(GZIP)), {"compression": "gzip"}, id="gzip in base64"),
        pytest.param(form(ip="1", _="17", ver="1.2", data=BASE64), {}, id="other fields first"),
        pytest.param(form(ver="1.2", data=BASE64), {}, id="an unknown field first"),
    ],
)
def test_a_form_is_unpacked(body: bytes, query: dict[str, str], content_type: str) -> None:
    assert text_of(body, content_type, **query) == TEXT


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", GZIP), ("GZIP", GZIP), ("br", TEXT), ("lz64", LZ64)]
)
def test_a_content_encoding_is_a_hint(encoding: str, body: bytes) -> None:
    assert text_of(body, encoding=encoding) == TEXT


def test_the_query_wins_over_the_form_as_a_hint() -> None:
    assert text_of(form(data=LZ64, compression="banana"), FORM, compression="lz64") == TEXT


@pytest.mark.parametrize(
    ("body", "content_type", "query", "detail"),
    [
        (b"", "", {}, "request missing data payload"),
        (b"data=", FORM, {}, "request missing data payload"),
        pytest.param(
            b"hello, world!",
            FORM,
            {},
            "failed to decode request: expected form data in POST request payload",
            id="no form",
        ),
        pytest.param(
            b"\x1f\x8bgarbage", "", {}, "failed to decode request: invalid GZIP data", id="W21"
        ),
        (GZIP[:-12], "", {}, "failed to decode request: invalid GZIP data"),
        (b"hello!!", "", {"compression": "gzip"}, "failed to decode request: invalid GZIP data"),
        (b"?", "", {"compression": "lz64"}, "failed to decode request: invalid LZ64 data"),
        (LZ64[:50], "", {"compression": "lz64"}, "failed to decode request: invalid LZ64 data"),
        (b"{\xff}", "", {}, "failed to decode request: invalid UTF8 in request payload"),
        (b"a=1&" * 200 + b"data=x", FORM, {}, "failed to decode request: expected form data"),
        (b"data=x" + b"&a=1" * 200, FORM, {}, "failed to decode request: more than 100 form"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(
    body: bytes, content_type: str, query: dict[str, str], detail: str
) -> None:
    with pytest.raises(CaptureError) as refusal:
        text_of(body, content_type, **query)

    assert refusal.value.status == 400
    assert refusal.value.detail.startswith(detail)


@pytest.mark.parametrize("body", [b"hello", b"not json", b"abcd", b"true", b"12345678"])
def test_other_text_stays_as_it_is(body: bytes) -> None:
    assert text_of(body) == body


@given(
    st.binary() | st.binary().map(gzip.compress) | st.binary().map(b64encode) | st.just(GZIP),
    st.sampled_from(["", FORM, "application/json", "text/plain; charset=utf-8"]),
    st.dictionaries(
        st.sampled_from(["data", "compression"]),
        st.text() | st.sampled_from(["gzip", "lz64", "base64"]),
    ),
)
def test_no_bytes_make_it_raise_anything_else(
    body: bytes, content_type: str, query: dict[str, str]
) -> None:
    with suppress(CaptureError):
        text_of(body, content_type, **query).decode()


@given(st.binary(), st.sampled_from(["quote", "quote_plus", "raw"]))
def test_no_form_makes_it_raise_anything_else(data: bytes, quoting: str) -> None:
    quoted = {"quote": quote(data), "quote_plus": quote_plus(data)}.get(quoting)
    body = b"data=" + (data if quoted is None else quoted.encode())
    with suppress(CaptureError):
        text_of(body, FORM).decode()


def request_with(*chunks: bytes, is_cut: bool = False) -> Request:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    messages.append({"type": "http.disconnect"} if is_cut else {"type": "http.request"})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_a_body_that_does_not_come_to_its_end_is_refused() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"a", "more_body": True}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(CaptureError) as refusal:
        asyncio.run(read_body(request, seconds=0.1))

    assert (refusal.value.status, refusal.value.tag) == (408, "body_read_timeout")


def test_a_body_is_read_up_to_its_limit() -> None:
    assert asyncio.run(read_body(request_with(b"ab", b"", b"cd"), 4)) == b"abcd"


def test_a_body_above_the_limit_is_refused() -> None:
    with pytest.raises(CaptureError) as refusal:
        asyncio.run(read_body(request_with(b"ab", b"cde", b"never read"), 4))

    assert (refusal.value.status, refusal.value.tag) == (413, "payload_too_large")


def test_a_body_whose_sender_left_is_refused() -> None:
    with pytest.raises(CaptureError) as refusal:
        asyncio.run(read_body(request_with(b"ab", is_cut=True), 4))

    assert (refusal.value.status, refusal.value.tag) == (408, "body_read_timeout")
