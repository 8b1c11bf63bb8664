import gzip
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from lzstring import LZString

from api.capture import inflating
from api.capture.errors import CaptureError
from api.capture.inflating import inflate, unlz64

TEXT = '{"event":"visit","properties":{"q":"é"}}'.encode()
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def lz64(text: str) -> bytes:
    # The library takes code points where JavaScript, and so the wire, has UTF-16 code units.
    units = memoryview(text.encode("utf-16-le")).cast("H")
    packed: str = LZString.compressToBase64("".join(map(chr, units)))
    return packed.encode()


@given(st.text())
def test_what_lz_string_packed_is_unpacked(text: str) -> None:
    assert unlz64(lz64(text)).decode() == text


def test_much_lz_string_is_unpacked() -> None:
    text = "".join(f"{number} {chr(number)} " for number in range(20_000))

    assert unlz64(lz64(text)).decode() == text


@pytest.mark.parametrize("encoding", ["", "identity", *ENCODERS])
def test_a_v1_body_is_inflated(encoding: str) -> None:
    encode = ENCODERS.get(encoding, bytes)

    assert inflate(encode(TEXT), encoding) == TEXT


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("body", [b"garbage", b"{}", b"\0" * 100])
def test_a_v1_body_that_is_not_as_said_is_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(CaptureError) as refusal:
        inflate(body, encoding)

    assert (refusal.value.status, refusal.value.tag) == (400, "request_decoding_error")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_v1_body_that_was_cut_is_refused(encoding: str) -> None:
    with pytest.raises(CaptureError) as refusal:
        inflate(ENCODERS[encoding](TEXT)[:-5], encoding)

    assert refusal.value.tag == "request_decoding_error"


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_v1_bomb_is_refused(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "MAX_INFLATED", 1000)

    with pytest.raises(CaptureError) as refusal:
        inflate(ENCODERS[encoding](b"a" * 1_000_000), encoding)

    assert (refusal.value.status, refusal.value.tag) == (413, "payload_too_large")


def test_an_unknown_v1_encoding_is_refused() -> None:
    with pytest.raises(CaptureError) as refusal:
        inflate(TEXT, "compress")

    assert (refusal.value.status, refusal.value.tag) == (415, "unsupported_encoding")


@pytest.mark.parametrize("body", [lz64("a" * 2000), b"A" * 1001], ids=["bomb", "long"])
def test_too_much_lz_string_is_refused(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MAX_LZ64", "MAX_UNLZ64"):
        monkeypatch.setattr(inflating, limit, 1000)

    with pytest.raises(CaptureError, match="maximum event size exceeded") as refusal:
        unlz64(body)

    assert refusal.value.status == 413


@given(st.binary(), st.sampled_from(["", *ENCODERS]))
def test_no_v1_bytes_make_it_raise_anything_else(body: bytes, encoding: str) -> None:
    with suppress(CaptureError):
        inflate(body, encoding)


@given(st.binary() | st.binary().map(b64encode))
def test_no_lz_string_makes_it_raise_anything_else(body: bytes) -> None:
    with suppress(CaptureError):
        unlz64(body).decode()
