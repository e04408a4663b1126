"""The answers of the front door, in the words of the public contract; the OpenAPI document is made from these."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bookstore_lib.core.checkout_graph import StepState

Status = Literal["Order Approved", "Order Rejected", "Order Failed", "Order Received"]
RECEIVED: Status = "Order Received"

OrderId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="Cannot be guessed; names the order everywhere.")]
Steps = Annotated[dict[str, StepState], Field(description="Each step of the checkout; empty before the first began.")]


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ReasonAnswer(_Answer):
    """Why an order was rejected or failed."""

    code: str
    message: str


class SuggestedBook(_Answer):
    """A book related to what was bought."""

    book_id: str
    title: str
    author: str


class OrderAnswer(_Answer):
    """An order and its outcome, as far as there is one."""

    order_id: OrderId
    status: Status
    suggested_books: list[SuggestedBook]
    reasons: list[ReasonAnswer]


class OrderLine(_Answer):
    """A title and how many copies of it."""

    name: str
    quantity: int


class OrderDetails(OrderAnswer):
    """An order with all that may be told about it."""

    items: list[OrderLine]
    amount: Annotated[float, Field(description="Price times quantity over all items.")]
    steps: Steps
    clock: Annotated[dict[str, int], Field(description="Its vector clock when it was settled; empty before.")]


class BookAnswer(_Answer):
    """A book of the catalogue."""

    book_id: str
    title: str
    author: str
    genre: str
    price: float
    stock: Annotated[int, Field(description="Copies that are left.")]


class BooksPage(_Answer):
    """A page of the catalogue, and how many books there are on all pages."""

    books: list[BookAnswer]
    page: int
    limit: int
    total: int


class Health(_Answer):
    """Whether each part of the shop answers."""

    status: Literal["ok", "degraded"]
    parts: dict[str, bool]


class Leader(_Answer):
    """Who holds the leader's lock, and the present epoch."""

    leader: str | None
    epoch: int


class ClockEvent(_Answer):
    """Something that happened to an order in one process."""

    process: str
    lane: Annotated[int, Field(ge=0, description="Of its process; the lives of a restarted process share one.")]
    kind: Literal["send", "receive", "local"]
    name: str
    clock: Annotated[dict[str, int], Field(description="The process's vector clock of the order, just after.")]


class ClockMessage(_Answer):
    """A message that arrived."""

    sent: Annotated[int, Field(ge=0, description="The place of its send among the events.")]
    received: Annotated[int, Field(ge=0, description="The place of its receive among the events.")]


class ClockDiagram(_Answer):
    """What is known of an order's events, in an order that respects happens-before; all is empty where nothing is."""

    processes: list[str]
    events: list[ClockEvent]
    messages: list[ClockMessage]


class ProcessState(_Answer):
    """A process of the shop."""

    name: str
    role: Literal["front door", "service", "executor", "server"]
    state: Annotated[
        Literal["answers", "silent", "connected"],
        Field(description="An executor is not asked: it is connected to Redis, or it is not in the list."),
    ]


class QueueState(_Answer):
    """How many orders are in the queue."""

    waiting: int
    processing: Annotated[dict[str, int], Field(description="By the executor that has taken them.")]


class RecentOrder(_Answer):
    """An order as anybody may see it."""

    short_id: Annotated[str, Field(pattern="^[0-9a-f]{8}$", description="The beginning of its id; asks for nothing.")]
    status: Status
    age: Annotated[float, Field(description="Seconds since it was accepted.")]
    took: Annotated[float | None, Field(description="Seconds until it was settled.")]


class ShopStatus(_Answer):
    """The shop at a glance, a second old at most while its parts answer; what nobody tells just now is null."""

    processes: list[ProcessState]
    leader: str | None
    epoch: int | None
    queue: QueueState | None
    recent_orders: list[RecentOrder] | None


class ErrorDetails(_Answer):
    """What went wrong, and what to do."""

    code: str
    message: str
    field: Annotated[str | None, Field(description="The part of the input to mend.")] = None
    request_id: Annotated[str | None, Field(description="Names the request in the logs.")] = None


class ErrorAnswer(_Answer):
    """The answer to a request that could not be carried out."""

    error: ErrorDetails


class FailedOrder(OrderAnswer):
    """An order that could not be checked; it waits for somebody to try it again, and nothing was charged."""

    error: ErrorDetails
