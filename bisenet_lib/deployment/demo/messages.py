"""What page and server send each other: JSON, or a JSON header with binary parts behind it.

A binary message is the header's length (4 bytes, little endian), the header, whose ``parts`` tells
how many bytes each part has, and the parts. ``page/messages.js`` reads and writes the same.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

_LENGTH = struct.Struct("<I")


def pack(header: Mapping[str, Any], *parts: bytes) -> bytes:
    """Make a binary message.

    Args:
        header: plain values.
        *parts: what follows it.
    """
    head = json.dumps({**header, "parts": [len(part) for part in parts]}).encode()
    return b"".join([_LENGTH.pack(len(head)), head, *parts])


def unpack(message: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Take a binary message apart.

    Args:
        message: from :func:`pack`, or from a stranger.

    Returns:
        The header, and the parts.

    Raises:
        ValueError: it is no such message.
    """
    if len(message) < _LENGTH.size:
        raise ValueError(f"a message of {len(message)} bytes")
    start = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    header = json.loads(message[_LENGTH.size : start])
    lengths = header.get("parts") if isinstance(header, dict) else None
    if not isinstance(lengths, list) or any(
        type(length) is not int or length < 0 for length in lengths
    ):
        raise ValueError("the header does not tell its parts")
    if start + sum(lengths) != len(message):
        raise ValueError(f"parts of {lengths} bytes in a message of {len(message)}")
    parts = []
    for length in lengths:
        parts.append(message[start : start + length])
        start += length
    return header, parts
