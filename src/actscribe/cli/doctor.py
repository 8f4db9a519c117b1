"""actscribe doctor."""

from __future__ import annotations


def doctor() -> None:
    """Show versions, decoder, cores, GPU, what is cached and what would need a download."""
    from actscribe.doctor import examine

    findings = examine()
    width = max(map(len, findings)) + 1
    for topic, finding in findings.items():
        print(f"{topic + ':':<{width}} {finding}")
