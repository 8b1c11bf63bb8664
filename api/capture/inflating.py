"""Compressed bodies, inflated up to a cap: who sends a bomb is refused before it goes off."""

import zlib
from base64 import b64decode

import brotli
import zstandard

from api.capture.errors import CaptureError, too_large, undecodable

MAX_INFLATED = 100 * 2**20  # bytes
MAX_ZSTD_WINDOW = 8 * 2**20  # bytes, the largest that HTTP allows (RFC 9659)

MAX_LZ64 = 2 * 2**20  # bytes, on the wire: each of its codes costs us Python
MAX_UNLZ64 = 20 * 2**20  # characters

_NEW_8_BITS, _NEW_16_BITS, _END = 0, 1, 2


def gunzip(data: bytes) -> bytes:
    """Return what a gzip stream holds. What follows the stream is ignored.

    Raises:
        CaptureError: it is no whole gzip stream, or holds more than MAX_INFLATED bytes.
    """
    return _zlib(data, window_bits=31, name="GZIP")


def inflate(data: bytes, encoding: str) -> bytes:
    """Return the body that was sent under a Content-Encoding; "" and "identity" change nothing.

    Raises:
        CaptureError: the encoding is unknown, the data is not of it, or holds too much.
    """
    match encoding:
        case "" | "identity":
            return data
        case "gzip":
            return gunzip(data)
        case "deflate":
            return _zlib(data, window_bits=15, name="deflate")
        case "br":
            return _brotli(data)
        case "zstd":
            return _zstd(data)
        case _:
            detail = f"Content-Encoding {encoding} is not supported"
            raise CaptureError(415, detail, tag="unsupported_encoding")


def unlz64(text: bytes) -> bytes:
    """Return, as UTF-8, what LZ-String packed in its base64 flavour.

    Unlike the library of that name it stops at a cap: ten kilobytes can unpack to ten megabytes.

    Raises:
        CaptureError: it is no such text, or too large on either side.
    """
    if len(text) > MAX_LZ64:
        raise too_large("the packed body", MAX_LZ64)
    try:
        return _unlz(_Bits(text)).encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
    except ValueError as error:
        raise undecodable("invalid LZ64 data") from error


def _zlib(data: bytes, *, window_bits: int, name: str) -> bytes:
    stream = zlib.decompressobj(window_bits)
    try:
        inflated = stream.decompress(data, MAX_INFLATED + 1)
    except zlib.error as error:
        raise undecodable(f"invalid {name} data") from error
    return _checked(inflated, is_whole=stream.eof, name=name)


def _brotli(data: bytes) -> bytes:
    stream = brotli.Decompressor()
    try:
        inflated = stream.process(data, output_buffer_limit=MAX_INFLATED + 1)
    except brotli.error as error:
        raise undecodable("invalid brotli data") from error
    return _checked(inflated, is_whole=stream.is_finished(), name="brotli")


def _zstd(data: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
    try:
        inflated = decompressor.stream_reader(data).read(MAX_INFLATED + 1)
    except zstandard.ZstdError as error:
        raise undecodable("invalid zstd data") from error
    # The reader does not tell a cut stream; its end is missing then, so its JSON is broken too.
    return _checked(inflated, is_whole=True, name="zstd")


def _checked(inflated: bytes, *, is_whole: bool, name: str) -> bytes:
    if len(inflated) > MAX_INFLATED:
        raise too_large("the inflated body", MAX_INFLATED)
    if not is_whole:
        raise undecodable(f"invalid {name} data")
    return inflated


class _Bits:
    """The bits of a base64 text, taken in numbers whose lowest bit comes first."""

    def __init__(self, text: bytes) -> None:
        digits = text.rstrip(b"=")
        packed = b64decode(digits + b"A" * (-len(digits) % 4), validate=True)
        self._bits = f"{int.from_bytes(packed, 'big'):0{len(packed) * 8}b}"
        self._at = 0

    def take(self, count: int) -> int:
        self._at += count
        if self._at > len(self._bits):
            raise ValueError("the text ends too early")
        return int(self._bits[self._at - count : self._at][::-1], 2)


def _unlz(bits: _Bits) -> str:
    """Return UTF-16 code units, each as one character.

    Source: LZ-String's `_decompress`, https://github.com/pieroxy/lz-string
    """
    known = ["", "", ""]  # the first three codes are no text: they announce one, or the end
    pieces: list[str] = []
    previous, size = "", 0
    while (code := bits.take(len(known).bit_length())) != _END:
        if code in (_NEW_8_BITS, _NEW_16_BITS):
            known.append(chr(bits.take(8 if code == _NEW_8_BITS else 16)))
            code = len(known) - 1
        # A code may name the very text that this step makes known.
        piece = known[code] if code < len(known) else previous + previous[:1]
        if not piece or code > len(known):
            raise ValueError(f"code {code} says nothing yet")
        pieces.append(piece)
        size += len(piece)
        if size > MAX_UNLZ64:
            raise too_large("the unpacked body", MAX_UNLZ64)
        if previous:
            known.append(previous + piece[0])
        previous = piece
    return "".join(pieces)
