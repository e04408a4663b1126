"""Is a service up? For containers: `python -m bookstore_lib.runtime.healthcheck grpc|http ADDRESS`, 0 is yes."""

import sys
import urllib.error
import urllib.request

_SECONDS = 2.0


def main(arguments: list[str]) -> int:
    """Check one service: `grpc host:port` or `http URL`; returns the exit code."""
    match arguments:
        case ["grpc", address]:
            import grpc  # noqa: PLC0415 - the other kind of check does without it

            from bookstore_lib.runtime.rpc_client import is_serving  # noqa: PLC0415

            with grpc.insecure_channel(address) as channel:
                return 0 if is_serving(channel, _SECONDS) else 1
        case ["http", url]:
            try:
                with urllib.request.urlopen(url, timeout=_SECONDS):  # noqa: S310 - the URL is given by the operator
                    return 0
            except (urllib.error.URLError, OSError):
                return 1
    sys.stderr.write("usage: healthcheck grpc HOST:PORT | http URL\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
