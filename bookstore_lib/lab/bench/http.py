"""Orders over HTTP: ours, and those of a peer behind the same kind of front door.

Each customer is a connection that orders again once it has its outcome, so the number of customers is the number of
orders under way. They run in one thread of this process, on the same cores as the shop.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.customers import checkout_body


class Measured(NamedTuple):
    """What a number of customers got: how many answers, how many a second, and how long they took, in milliseconds."""

    answers: int
    rate: float
    median: float
    p99: float


def order_request(title: str, *headers: str) -> bytes:
    """An order for one copy, as bytes."""
    body = json.dumps(checkout_body({title: 1}))
    lines = ["POST /checkout HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


def run(url: str, requests: list[bytes], seconds: float, expected: Collection[int] = (200,)) -> Measured:
    """Let a customer send each of these requests for some seconds.

    Args:
        url: Of the shop.
        requests: What each customer sends, as bytes.
        seconds: How long.
        expected: HTTP statuses that an answer may have.

    Raises:
        BookstoreError: An answer had another status than expected.
    """
    answers: list[tuple[int, float]] = []
    began = time.monotonic()
    with ThreadPoolExecutor(1) as own:  # a notebook has an event loop in its own thread already
        own.submit(asyncio.run, _press(url, requests, began + seconds, answers)).result()
    statuses = Counter(status for status, _ in answers)
    if not statuses or set(statuses) - set(expected):
        wanted = " or ".join(map(str, expected))
        raise BookstoreError(f"Not all answers were {wanted}: {dict(statuses)}")
    times = sorted(1000 * each for _, each in answers)
    seconds = time.monotonic() - began
    return Measured(len(times), len(times) / seconds, median(times), times[int(0.99 * len(times))])


async def _press(url: str, requests: list[bytes], until: float, answers: list[tuple[int, float]]) -> None:
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    await asyncio.gather(*(_customer(address, request, until, answers) for request in requests))


async def _customer(address: tuple[str, int], request: bytes, until: float, answers: list[tuple[int, float]]) -> None:
    """Send a request again and again on one connection; note each answer's HTTP status and its seconds."""
    reader, writer = await asyncio.open_connection(*address)
    while (began := time.monotonic()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        answers.append((int(head.split()[1]), time.monotonic() - began))
    writer.close()
