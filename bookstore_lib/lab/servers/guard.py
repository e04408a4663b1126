"""A guard that stops a server when the process that looks after it dies, even by SIGKILL.

There is a system call for this on Linux (prctl PR_SET_PDEATHSIG), but not on macOS, and Linux clears it when a
program changes its user. End of file on a pipe works everywhere: the system closes the pipes of whoever dies.
"""

import subprocess

# A stopped (paused) server takes the signal only once it runs again, hence CONT.
_WATCH = 'read -r line; kill "-$1" "$2" && kill -CONT "$2"'


def guard(pid: int, signal_number: int) -> subprocess.Popen[bytes]:
    """Starts a small process that signals `pid` once this process is gone.

    Keep what is returned: the guard reads its standard input, and acts when that is closed. To release it, kill
    it first and then leave its `with` block or close its `stdin`. Release it when the server has ended, too: the
    number of an ended process may be given to another one.

    Args:
        pid: The server, on this machine.
        signal_number: What the server is sent: its orderly stop.

    Returns:
        The guard, in a session of its own, so that Ctrl-C in a terminal does not reach it.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "bookstore-guard", str(signal_number), str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
