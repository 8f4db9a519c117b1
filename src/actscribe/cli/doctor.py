"""actscribe doctor."""

from __future__ import annotations


def doctor() -> None:
    """Show versions, decoder, cores, GPU, what is cached and what would need a download."""
    from actscribe.doctor import examine

    for topic, finding in examine().items():
        print(f"{topic + ':':<22} {finding}")
