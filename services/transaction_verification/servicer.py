"""TransactionVerification over gRPC."""

from collections.abc import Callable
from datetime import date

import grpc

from bookstore_lib.core.order import Address, Card, Reason
from bookstore_lib.pb import common_pb2, transaction_verification_pb2, transaction_verification_pb2_grpc
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.transaction_verification import rules

Session = tuple[Address, Card]


class TransactionVerification(transaction_verification_pb2_grpc.TransactionVerificationServicer):
    """Knows an order's address and card from InitializeOrder to ClearOrder, in memory only."""

    def __init__(
        self, sessions: Sessions[Session], tracker: OrderEventTracker, today: Callable[[], date] = date.today
    ) -> None:
        self._sessions, self._tracker, self._today = sessions, tracker, today

    def InitializeOrder(
        self, request: transaction_verification_pb2.InitializeVerification, context: grpc.ServicerContext
    ) -> common_pb2.InitializeReply:
        """Remember the order."""
        address, card = request.address, request.card
        self._sessions.open(
            request.order_id,
            (
                Address(address.street, address.city, address.state, address.zip, address.country),
                Card(card.number, card.expiration, card.cvv),
            ),
        )
        return common_pb2.InitializeReply()

    def CheckBilling(self, request: common_pb2.OrderRequest, context: grpc.ServicerContext) -> common_pb2.CheckReply:
        """Check the billing address."""
        address, _ = self._sessions.data(request.order_id)
        return self._reply(request.order_id, "billing checked", rules.check_billing(address))

    def CheckCard(self, request: common_pb2.OrderRequest, context: grpc.ServicerContext) -> common_pb2.CheckReply:
        """Check the card."""
        _, card = self._sessions.data(request.order_id)
        return self._reply(request.order_id, "card checked", rules.check_card(card, self._today()))

    def ClearOrder(self, request: common_pb2.ClearRequest, context: grpc.ServicerContext) -> common_pb2.ClearReply:
        """Forget the order, if the final clock covers all that is known of it here."""
        return self._sessions.clear(request)

    def _reply(self, order_id: str, event: str, reasons: list[Reason]) -> common_pb2.CheckReply:
        self._tracker.local(order_id, event, passed=not reasons, reasons=[reason.code for reason in reasons])
        return common_pb2.CheckReply(
            passed=not reasons, reasons=[common_pb2.Reason(code=r.code, message=r.message) for r in reasons]
        )
