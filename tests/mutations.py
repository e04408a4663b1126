"""Seeded mutations: nearly right JSON bodies and protobuf messages, the same for the same seed."""

import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

# How many mutations of each kind the tests try; set BOOKSTORE_MUTATIONS to try more.
NUMBER = int(os.environ.get("BOOKSTORE_MUTATIONS", "400"))

_ODD: list[Any] = [
    None,
    True,
    "",
    " ",
    "\0",
    "\ud800",
    "\u202e",
    "x" * 5000,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    2**64,
    10**400,
    -0.0,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"": {"": ""}},
    "' OR 1=1 --",
    "${jndi:ldap://x}",
    "{{7*7}}",
]


def mutated_bodies(good: dict[str, Any], seed: int, number: int) -> Iterator[bytes]:
    """Bodies that differ from a good one in one to three places, in what they mean or in their bytes."""
    rng = random.Random(seed)
    for _ in range(number):
        body = json.loads(json.dumps(good))
        for _ in range(rng.randint(0, 2)):
            _change_a_part(body, rng)
        data = json.dumps(body).encode()
        yield mutated_bytes(data, rng) if rng.random() < 0.5 else data


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """The same bytes but for one to four places."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        rng.choice(_ON_BYTES)(changed, rng)
    return bytes(changed)


def _change_a_part(body: Any, rng: random.Random) -> None:
    place = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = rng.choice(keys)
        if not isinstance(place[key], dict | list) or rng.random() < 0.3:
            break
        place = place[key]
    match rng.randrange(4):
        case 0:
            del place[key]
        case 1:
            place[key] = [place[key]] * rng.choice([2, 200])
        case 2 if isinstance(place, dict):
            place[str(key) + rng.choice(["", " ", "\0", "é"])] = place[key]
        case _:
            place[key] = rng.choice(_ODD)


def _flip(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, rng: random.Random) -> None:
    begin = rng.randrange(len(data) + 1)
    del data[begin : begin + rng.randint(1, 20)]


def _end_early(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _repeat(data: bytearray, rng: random.Random) -> None:
    begin = rng.randrange(len(data) + 1)
    data[begin:begin] = data[begin : begin + rng.randint(1, 40)] * rng.choice([1, 2, 50])


def _insert(data: bytearray, rng: random.Random) -> None:
    begin = rng.randrange(len(data) + 1)
    data[begin:begin] = rng.choice(
        [b"\0", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b'"', b"[" * 3000, rng.randbytes(8)]
    )


_ON_BYTES: list[Callable[[bytearray, random.Random], None]] = [_flip, _flip, _cut, _end_early, _repeat, _insert]
