"""What goes wrong on a machine, said in one sentence that tells what to do."""

import errno
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bookstore_lib.core.errors import SetupError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def as_setup_error(folder: Path) -> Iterator[None]:
    """Turns an `OSError` of the work inside into a sentence about `folder`.

    Raises:
        SetupError: The disk is full, the folder is not writable, or anything else the system refused.
    """
    try:
        yield
    except OSError as error:
        raise SetupError(_sentence(error, folder)) from error


def _sentence(error: OSError, folder: Path) -> str:
    if error.errno in _DISK_FULL:
        return f"the disk that holds {folder} is full; free about 100 MB there and try again"
    if error.errno in _NOT_ALLOWED:
        return f"{folder} is not writable for this user; choose another folder or mend its permissions"
    return f"{folder} cannot be used ({error.strerror or error}); choose another folder"


def make_data_folder(folder: Path) -> None:
    """Makes `folder` (0700) and its parents; it must not be there yet.

    Raises:
        SetupError: It is there already, so it is another run's, or it cannot be made.
    """
    with as_setup_error(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            message = f"{folder.parent} already holds the data of another run; choose another folder"
            raise SetupError(message) from None


def explain(known: Iterable[tuple[str, str]], log_tail: str) -> str | None:
    """Finds the sentence for the first well-known complaint in a server's log.

    Args:
        known: Pairs of a regular expression and the sentence that says what to do.
        log_tail: The last lines the server wrote.

    Returns:
        The sentence, or None when nothing in the log is known.
    """
    return next((sentence for pattern, sentence in known if re.search(pattern, log_tail)), None)
