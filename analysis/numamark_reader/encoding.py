"""One histogram in the exchange format of the HDR tools: version 2, compressed, in base64.

base64 of: cookie, length, zlib of: cookie, payload's length, index offset, digits, lowest, highest, ratio, payload.
All big-endian. The payload is a row of ZigZag LEB128 numbers: a count of the next counter, or minus a number of
counters that are zero. Source: `AbstractHistogram.encodeIntoByteBuffer` of HdrHistogram for Java.
"""

import base64
import struct
import zlib
from typing import NamedTuple

#: The cookie's second lowest hexadecimal digit is the width of a counter: 1 for LEB128.
COOKIE = 0x1C849303 | 0x10
COMPRESSED_COOKIE = 0x1C849304 | 0x10
OUTER = struct.Struct(">ii")
HEADER = struct.Struct(">iiiiqqd")
#: A number's ninth byte has eight bits: 8 * 7 + 8 = 64.
LAST_SHIFT = 56


class Encoded(NamedTuple):
    """The decoded text of a histogram."""

    digits: int
    lowest: int
    highest: int
    #: Counters that are not zero, by index.
    counters: dict[int, int]


def decode(text):
    """The histogram in base64 `text`. Raises ValueError with the rule that does not hold."""
    packed = base64.b64decode(text, validate=True)
    cookie, length = _header(OUTER, packed)
    if cookie != COMPRESSED_COOKIE:
        raise ValueError(
            f"has cookie {cookie:#x}, expected {COMPRESSED_COOKIE:#x}: not a compressed histogram of version 2"
        )
    if length != len(packed) - OUTER.size:
        raise ValueError(f"says that it has {length} compressed bytes, and has {len(packed) - OUTER.size}")
    try:
        body = zlib.decompress(packed[OUTER.size :])
    except zlib.error as why:
        raise ValueError(f"cannot be decompressed: {why}") from why
    cookie, length, offset, digits, lowest, highest, _ = _header(HEADER, body)
    if cookie != COOKIE:
        raise ValueError(f"has cookie {cookie:#x} inside, expected {COOKIE:#x}")
    if offset != 0:
        raise ValueError(f"has its counters moved by {offset}; this reader knows histograms that were not shifted")
    if length != len(body) - HEADER.size:
        raise ValueError(f"says that its counters take {length} bytes, they take {len(body) - HEADER.size}")
    return Encoded(digits, lowest, highest, _counters(body[HEADER.size :]))


def _header(layout, data):
    if len(data) < layout.size:
        raise ValueError(f"has {len(data)} bytes where a header of {layout.size} begins")
    return layout.unpack_from(data)


def _counters(payload):
    counters, index = {}, 0
    for number in _numbers(payload):
        if number > 0:
            counters[index] = number
        index += -number if number < 0 else 1
    return counters


def _numbers(payload):
    """The ZigZag LEB128 numbers of a payload: 0, -1, 1, -2 and so on are written as 0, 1, 2, 3."""
    value = shift = 0
    for byte in payload:
        if shift == LAST_SHIFT:
            value, whole = value | byte << shift, True
        else:
            value, whole = value | (byte & 0x7F) << shift, byte < 0x80
        if whole:
            yield (value >> 1) ^ -(value & 1)
            value = shift = 0
        else:
            shift += 7
    if shift:
        raise ValueError("ends within a number")
