"""TLS between gRPC peers: nothing, one-sided or mutual, depending on which files a process is given.

A server with a certificate speaks TLS only; with an authority too, it wants a certificate of that authority from every
client. A client with an authority trusts servers of that authority only. See https://grpc.io/docs/guides/auth/.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import grpc

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.settings import Settings, variable


class Tls(NamedTuple):
    """The files (PEM) of one process; empty where there is none.

    Attributes:
        ca: Certificate of the authority whose peers are trusted.
        cert: This process's own certificate.
        key: The private key of that.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""

    @classmethod
    def of(cls, settings: Settings) -> "Tls":
        """As the settings of a service say."""
        return cls(settings.tls_ca, settings.tls_cert, settings.tls_key)

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Tls":
        """As the variables of a service say, for what has no other settings."""
        return cls(*(env.get(variable(f"tls_{name}"), "") for name in cls._fields))

    def server(self) -> grpc.ServerCredentials | None:
        """What a server needs; `None` for one that speaks in the clear.

        Raises:
            SetupError: A file is missing or makes no sense.
        """
        ca, cert, key = self._read()
        if not cert:
            return None
        return grpc.ssl_server_credentials([(key, cert)], ca or None, require_client_auth=bool(ca))

    def client(self) -> grpc.ChannelCredentials | None:
        """What a client needs; `None` for one that speaks in the clear.

        Raises:
            SetupError: A file is missing or makes no sense.
        """
        ca, cert, key = self._read()
        return grpc.ssl_channel_credentials(ca, key or None, cert or None) if ca else None

    def _read(self) -> list[bytes]:
        if bool(self.cert) != bool(self.key):
            raise SetupError(f"Set both {variable('tls_cert')} and {variable('tls_key')}, or neither.")
        try:
            # gRPC itself would only say that nothing can listen here.
            if self.cert:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key)
            if self.ca:
                ssl.create_default_context(cafile=self.ca)
            return [Path(name).read_bytes() if name else b"" for name in self]
        except OSError as error:  # of `ssl`, too
            named = ", ".join(name for name in self if name)
            raise SetupError(
                f"The certificates for TLS cannot be used ({named}): {error.strerror or error}."
            ) from error


PLAIN = Tls()
