"""The three services that check orders, as their coordinator sees them."""

from collections.abc import Mapping
from contextlib import ExitStack

from bookstore_lib.core.errors import SetupError
from bookstore_lib.pb.fraud_detection_pb2_grpc import FraudDetectionStub
from bookstore_lib.pb.suggestions_pb2_grpc import SuggestionsStub
from bookstore_lib.pb.transaction_verification_pb2_grpc import TransactionVerificationStub
from bookstore_lib.runtime.rpc_client import ServiceClient
from bookstore_lib.runtime.rpc_tls import Tls
from bookstore_lib.runtime.settings import Settings, variable
from bookstore_lib.runtime.stream_client import StreamClient
from bookstore_lib.runtime.tracker import OrderEventTracker

# How calls go: each by itself, or many on a stream. Both promise the same.
TRANSPORTS: Mapping[str, type[ServiceClient]] = {"unary": ServiceClient, "stream": StreamClient}


def connect_services(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> dict[str, ServiceClient]:
    """A client for each service, by name; they are closed with the stack.

    Raises:
        SetupError: An address is missing, or the certificate cannot be used.
    """
    services = {
        "transaction_verification": ("verification_address", TransactionVerificationStub),
        "fraud_detection": ("fraud_address", FraudDetectionStub),
        "suggestions": ("suggestions_address", SuggestionsStub),
    }
    clients, client = {}, TRANSPORTS[settings.transport]
    for name, (setting, stub) in services.items():
        address = getattr(settings, setting)
        if not address:
            raise SetupError(f"Set {variable(setting)} to the host:port of {name}.")
        clients[name] = client(name, address, stub, tracker, settings.call_deadline, Tls.of(settings))
        parts.callback(clients[name].close)
    return clients
