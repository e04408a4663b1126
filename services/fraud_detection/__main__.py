"""Settings to parts to serving: `python -m services.fraud_detection`."""

from contextlib import ExitStack

from bookstore_lib.pb.fraud_detection_pb2_grpc import add_FraudDetectionServicer_to_server
from bookstore_lib.runtime.service import run_service, serve_grpc
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.fraud_detection.servicer import FraudDetection
from services.fraud_detection.velocity import Velocity


def start(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> None:
    servicer = FraudDetection(Sessions(tracker, settings.session_idle), Velocity(), tracker)
    serve_grpc(settings, tracker, parts, lambda s: add_FraudDetectionServicer_to_server(servicer, s))


if __name__ == "__main__":
    run_service("fraud_detection", start)
