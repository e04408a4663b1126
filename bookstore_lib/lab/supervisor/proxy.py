"""The wires of a bookstore: a loopback TCP relay for each link, which can be cut.

A link is what one process has to one server. Each has a port of its own, so it can be cut without touching the others,
as no cable of a real network could be. `python -m bookstore_lib.lab.supervisor.proxy` is told what to do in lines of
JSON, and ends when its standard input ends.

    first line in:  {"links": {"executor-2>redis": {"port": 20001, "target": "127.0.0.1:20002"}, ...}}
    first line out: {"ok": {}}
    then:           {"do": "cut", "link": "executor-2>redis", "how": "silence"}  ->  {"ok": {"connections": 3}}
                    {"do": "heal", "link": ...}  ->  {"ok": {"affected": 12, ...}}
"""

import asyncio
import contextlib
import json
import signal
import socket
import struct
import sys
from typing import Any

from bookstore_lib.core.errors import BookstoreError

_DELAY_SECONDS = 0.5
_CHUNK = 64 * 1024
_CHUNKS = 1024


class Link:
    """One relay.

    Args:
        host: Where the server is.
        port: Its port.

    Attributes:
        how: How it is cut; empty: it is whole.
        affected: How much the cut affected so far: connections broken or refused, chunks of bytes lost or delayed.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._connections: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self.how = ""
        self.affected = 0

    def cut(self, how: str) -> None:
        """Cut the link in one of the ways of `wires.CUTS`."""
        self.how, self.affected = how, 0
        if how == "reset":
            self.affected = len(self._connections)
            self._break_all()

    def heal(self) -> int:
        """Make the link whole. A connection that lost bytes is broken: its two sides would talk past each other.

        Returns:
            How much the cut affected.
        """
        affected, self.affected = self.affected, 0
        if self.how in ("silence", "mute"):
            self._break_all()
        self.how = ""
        return affected

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return len(self._connections)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either side ends it."""
        try:
            if self.how == "reset":
                self.affected += 1
                raise ConnectionRefusedError
            there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            _break(writer)
            return
        pair = (writer, there_writer)
        self._connections.add(pair)
        _without_delay(writer)
        _without_delay(there_writer)
        try:
            await asyncio.gather(
                self._relay(reader, there_writer, reply=False), self._relay(there_reader, writer, reply=True)
            )
        except OSError:
            _break(writer)
            _break(there_writer)
        finally:
            self._connections.discard(pair)
            writer.close()
            there_writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, reply: bool) -> None:
        # Read and written apart, so that a delay adds to the way of each chunk and not to the one before.
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS)
        await asyncio.gather(self._read(reader, chunks, reply=reply), _write(writer, chunks))

    async def _read(
        self, reader: asyncio.StreamReader, chunks: asyncio.Queue[tuple[float, bytes]], *, reply: bool
    ) -> None:
        data = b"-"
        while data:
            data = await reader.read(_CHUNK)
            lost = self.how == "silence" or (self.how == "mute" and reply)
            if data and (lost or self.how == "delay"):
                self.affected += 1
            if data and lost:
                continue
            delay = _DELAY_SECONDS if self.how == "delay" else 0.0
            await chunks.put((asyncio.get_running_loop().time() + delay, data))

    def _break_all(self) -> None:
        for writer in [writer for pair in self._connections for writer in pair]:
            _break(writer)


async def _write(writer: asyncio.StreamWriter, chunks: asyncio.Queue[tuple[float, bytes]]) -> None:
    """Write each chunk when it is due; an empty one ends this direction."""
    while True:
        due, data = await chunks.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if not data:
            with contextlib.suppress(OSError):
                writer.write_eof()
            return
        writer.write(data)
        await writer.drain()


def _break(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, so that the other side learns at once that it was no orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):  # it may be closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _without_delay(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _start(links: dict[str, dict[str, Any]]) -> dict[str, Link]:
    made = {}
    for name, where in links.items():
        host, _, port = where["target"].rpartition(":")
        made[name] = Link(host, int(port))
        await asyncio.start_server(made[name].serve, "127.0.0.1", where["port"])
    return made


def _obey(links: dict[str, Link], order: dict[str, str]) -> dict[str, Any]:
    link = links.get(order["link"])
    if link is None:
        raise BookstoreError(f"There is no link {order['link']!r}.")
    if order["do"] == "cut":
        link.cut(order["how"])
        return {"how": link.how, "connections": link.connections}
    return {"affected": link.heal()}


async def _run() -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    links = await _start(json.loads(await lines.readline())["links"])
    _say({"ok": {}})
    while line := await lines.readline():
        try:
            _say({"ok": _obey(links, json.loads(line))})
        except BookstoreError as error:
            _say({"error": str(error)})


def _say(answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol


def main() -> None:
    """Relay until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_run())


if __name__ == "__main__":
    main()
