"""What servers without manners do. Each is endless or far over every limit where that is its point."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import repeat

from tests.hostile.server import Asked, Behaviour, Reset, answer

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIP = 0.02
PIECE = b"x" * 65_536


def _raw(*pieces: bytes) -> Behaviour:
    def behave(_: Asked) -> Iterator[bytes]:
        yield from pieces

    return behave


def _drip(start: bytes, byte: bytes) -> Behaviour:
    """One byte every 20 ms, for ever: never silent for as long as `timeout`."""

    def behave(_: Asked) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(DRIP)
            yield byte

    return behave


def _flood(start: bytes, piece: bytes) -> Behaviour:
    """As fast as it goes, for ever."""

    def behave(_: Asked) -> Iterator[bytes]:
        yield start
        yield from repeat(piece)

    return behave


def _silent(_: Asked) -> Iterator[bytes]:
    time.sleep(2)
    yield b""


def _reset(_: Asked) -> Iterator[bytes]:
    yield OK
    raise Reset


@cache
def _packed(kind: str) -> bytes:
    """16 MiB of spaces."""
    packer = zlib.compressobj(wbits={"gzip": 31, "deflate": 15}[kind])
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(16)) + packer.flush()


def _bomb(kind: str, encoding: str) -> Behaviour:
    def behave(_: Asked) -> Iterator[bytes]:
        body = _packed(kind)
        yield OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    return behave


# An empty block of deflate, after gzip's header: packed bytes that unpack to nothing.
_NOTHING = b"\x00\x00\x00\xff\xff"
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"

# Name -> (what the server does, what the sentence says).
BEHAVIOURS: dict[str, tuple[Behaviour, str]] = {
    "silence": (_silent, r"in time"),
    "drip of the body": (_drip(OK + b"Content-Length: 999999\r\n\r\n", b" "), r"completely within 1 seconds"),
    "drip of a body without length": (_drip(OK + b"\r\n", b" "), r"completely within 1 seconds"),
    "drip of chunks": (
        _drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        r"completely within 1 seconds",
    ),
    "drip of headers": (_drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"), r"completely within 1 seconds"),
    "drip of a status line": (_drip(b"HTTP/1.1 2", b"0"), r"completely within 1 seconds|broke"),
    "endless 100 Continue": (
        _drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        r"completely within 1 seconds",
    ),
    "flood of 103 Early Hints": (
        _flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100),
        r"completely within 1 seconds",
    ),
    "endless body": (_flood(OK + b"\r\n", PIECE), r"more than 1 MiB; .*raise limits.answer_mib"),
    "endless chunks": (
        _flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + PIECE + b"\r\n"),
        r"more than 1 MiB",
    ),
    "endless header lines": (_flood(OK, b"X-More: " + b"y" * 500 + b"\r\n"), r"broke"),
    "one endless header": (_flood(OK + b"X-Long: ", PIECE), r"broke"),
    "endless trailers": (
        _flood(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: " + b"y" * 500 + b"\r\n"),
        r"broke",
    ),
    "endless chunk extension": (
        _flood(OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=", PIECE),
        r"broke",
    ),
    "gzip bomb": (_bomb("gzip", "gzip"), r"more than 1 MiB"),
    "deflate bomb": (_bomb("deflate", "deflate"), r"more than 1 MiB"),
    "gzip in gzip": (_bomb("gzip", "gzip, gzip"), r"packed as 'gzip, gzip', which was not asked for"),
    "brotli": (_bomb("gzip", "br"), r"packed as 'br', which was not asked for"),
    "zstd": (_bomb("gzip", "zstd"), r"packed as 'zstd', which was not asked for"),
    "gzip that unpacks to nothing": (
        _flood(OK + b"Content-Encoding: gzip\r\n\r\n" + _GZIP, _NOTHING * 10_000),
        r"more than 1 MiB",
    ),
    "gzip that is cut off": (
        answer(gzip.compress(b'{"a": 1}')[:-9], headers=("Content-Encoding: gzip",)),
        r"broke",
    ),
    "invalid gzip": (
        answer(b"not packed", headers=("Content-Encoding: gzip",)),
        r"the packed answer is broken",
    ),
    "less than the length says": (_raw(OK + b"Content-Length: 100\r\n\r\n{}"), r"broke"),
    "more than the length says": (_raw(OK + b'Content-Length: 5\r\n\r\n{"a": 1}'), r"broken JSON"),
    "a negative length": (_raw(OK + b"Content-Length: -1\r\n\r\n{}"), r"broke"),
    "two lengths": (_raw(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), r"broke"),
    "a length of 10^30": (_raw(OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}"), r"broke"),
    "a chunk of words": (_raw(OK + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n"), r"broke"),
    "a chunk of 2^64 bytes": (
        _raw(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}"),
        r"broke",
    ),
    "reset": (_reset, r"broke"),
    "closed without an answer": (_raw(b""), r"broke"),
    "not HTTP": (_raw(b"SSH-2.0-OpenSSH_9.9\r\n"), r"broke"),
    "101": (answer(status="101 Switching Protocols"), r"101|broke|broken JSON|in time|within 1 seconds"),
    "204": (answer(status="204 No Content"), r"204|broken JSON"),
    "304": (answer(status="304 Not Modified"), r"304"),
    "an empty answer": (answer(b""), r"broken JSON"),
    "JSON 100,000 deep": (answer(b"[" * 100_000 + b"]" * 100_000), r"broken JSON"),
    "JSON 100,000 objects deep": (answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), r"broken JSON"),
    "NaN": (answer(b'{"version": NaN}'), r"broken JSON"),
    "Infinity": (answer(b'{"version": Infinity}'), r"broken JSON"),
    "1e999": (answer(b'{"version": 1e999}'), r"broken JSON"),
    "a number of 500,000 digits": (answer(b'{"version": ' + b"9" * 500_000 + b"}"), r"broken JSON"),
    "not UTF-8": (answer(b'{"version": "\xff\xfe"}'), r"broken JSON"),
    "UTF-16": (answer('{"version": "1"}'.encode("utf-16")), r"broken JSON"),
    "a text of 2 MiB": (answer(b'{"version": "' + b"x" * (2 << 20) + b'"}'), r"more than 1 MiB"),
    "an error in the charset 'hex'": (
        answer(b"6a6a", status="400 Bad Request", headers=("Content-Type: text/html; charset=hex",)),
        r"400",
    ),
    "an error 100,000 deep": (
        answer(b'{"errors":' * 100_000, status="400 Bad Request"),
        r"400",
    ),
    "an error of 2 MiB": (answer(b"x" * (2 << 20), status="500 Internal Server Error"), r"more than 1 MiB"),
}

RETRY_AFTER = [
    "",
    "-5",
    "0",
    "1e300",
    "9" * 400,
    "inf",
    "nan",
    "soon",
    "²",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan 0001 00:00:00 +9999",
    "Thu, 99 Foo 99999999999999999999 99:99:99 GMT",
    "x" * 5000,
]
