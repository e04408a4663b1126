"""Is a service up? For containers: `python -m bookstore_lib.runtime.healthcheck grpc|http ADDRESS`, 0 is yes."""

import sys
import urllib.request
from http.client import HTTPException

_SECONDS = 2.0


def main(arguments: list[str]) -> int:
    """Check one service: `grpc host:port` or `http URL`; returns the exit code."""
    match arguments:
        case ["grpc", address]:
            from bookstore_lib.runtime.rpc_client import is_serving, open_channel  # noqa: PLC0415 - slow to import
            from bookstore_lib.runtime.rpc_tls import Tls  # noqa: PLC0415 - likewise

            with open_channel(address, Tls.from_env()) as channel:
                return 0 if is_serving(channel, _SECONDS) else 1
        case ["http", url]:
            # What is asked for is on this machine, whatever proxy the environment names for the web.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with opener.open(url, timeout=_SECONDS):
                    return 0
            except (OSError, HTTPException):
                return 1
    sys.stderr.write("usage: healthcheck grpc HOST:PORT | http URL\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
