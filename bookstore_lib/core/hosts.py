"""Names of hosts: a process that was restarted is a host of its own, `executor-2~1` for `executor-2`."""


def base_name(host: str) -> str:
    """The process without its incarnation: `executor-2` for `executor-2~1`."""
    return host.partition("~")[0]


def incarnation(host: str) -> int:
    """How often the process had been restarted: 1 for `executor-2~1`, 0 for `executor-2`."""
    number = host.partition("~")[2]
    return int(number) if number.isdecimal() else 0
