"""Card data at rest: sealed with a key of the deployment, and opened only by who runs the checks."""

import hashlib
import hmac
import json

from cryptography.fernet import Fernet, InvalidToken

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.order import Card
from bookstore_lib.runtime.settings import variable


class CardSeal:
    """Seals and opens cards (Fernet: AES-128-CBC with HMAC-SHA-256).

    Args:
        key: 32 bytes in URL-safe base64, as `new_key` makes them.

    Raises:
        SetupError: The key is no such key.
    """

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SetupError(
                f"{variable('card_key')} has to be 32 bytes in URL-safe base64; make one with "
                "`python -m bookstore_lib.runtime.card_seal`."
            ) from error

        self._secret = key.encode()

    def fingerprint(self, text: str) -> str:
        """A hash of a text that holds a card (HMAC-SHA-256): without the key nobody can try all cards for the one."""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def seal(self, card: Card) -> bytes:
        """The card as bytes that say nothing without the key."""
        return self._fernet.encrypt(json.dumps(card).encode())

    def unseal(self, sealed: bytes) -> Card:
        """The card that was sealed.

        Raises:
            SetupError: It was sealed with another key.
        """
        try:
            return Card(*json.loads(self._fernet.decrypt(sealed)))
        except InvalidToken as error:
            raise SetupError(f"A card was sealed with another key; set {variable('card_key')} to that one.") from error


def new_key() -> str:
    """A new random key."""
    return Fernet.generate_key().decode()


if __name__ == "__main__":
    print(new_key())  # noqa: T201 - that is what it is called for
