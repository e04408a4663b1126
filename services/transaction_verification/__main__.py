"""Settings to parts to serving: `python -m services.transaction_verification`."""

from contextlib import ExitStack

from bookstore_lib.pb.transaction_verification_pb2_grpc import add_TransactionVerificationServicer_to_server
from bookstore_lib.runtime.service import run_service, serve_grpc
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.transaction_verification.servicer import TransactionVerification


def start(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> None:
    servicer = TransactionVerification(Sessions(tracker, settings.session_idle), tracker)
    serve_grpc(settings, tracker, parts, lambda s: add_TransactionVerificationServicer_to_server(servicer, s))


if __name__ == "__main__":
    run_service("transaction_verification", start)
