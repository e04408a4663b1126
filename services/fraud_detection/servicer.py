"""FraudDetection over gRPC."""

import grpc

from bookstore_lib.pb import common_pb2, fraud_detection_pb2, fraud_detection_pb2_grpc
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.fraud_detection import rules
from services.fraud_detection.velocity import Velocity


class FraudDetection(fraud_detection_pb2_grpc.FraudDetectionServicer):
    """Knows the facts of an order from InitializeOrder to ClearOrder, in memory only."""

    def __init__(self, sessions: Sessions[rules.Facts], velocity: Velocity, tracker: OrderEventTracker) -> None:
        self._sessions, self._velocity, self._tracker = sessions, velocity, tracker

    def InitializeOrder(
        self, request: fraud_detection_pb2.InitializeFraud, context: grpc.ServicerContext
    ) -> common_pb2.InitializeReply:
        """Remember the order."""
        facts = rules.Facts(
            name=request.name,
            card_number=request.card_number.replace(" ", "").replace("-", ""),
            country=request.country,
            device_language=request.device_language,
            amount_cents=request.amount_cents,
            quantity=request.quantity,
            recent_orders=self._velocity.count(request.contact, request.order_id),
        )
        self._sessions.open(request.order_id, facts)
        return common_pb2.InitializeReply()

    def CheckFraud(
        self, request: common_pb2.OrderRequest, context: grpc.ServicerContext
    ) -> fraud_detection_pb2.FraudReply:
        """Score the order."""
        assessment = rules.assess(self._sessions.data(request.order_id))
        codes = [reason.code for reason in assessment.reasons]
        self._tracker.local(request.order_id, "fraud scored", score=assessment.score, reasons=codes)
        return fraud_detection_pb2.FraudReply(
            passed=assessment.passed,
            reasons=[common_pb2.Reason(code=r.code, message=r.message) for r in assessment.reasons],
            score=assessment.score,
            threshold=rules.THRESHOLD,
        )

    def ClearOrder(self, request: common_pb2.ClearRequest, context: grpc.ServicerContext) -> common_pb2.ClearReply:
        """Forget the order, if the final clock covers all that is known of it here."""
        return self._sessions.clear(request)
