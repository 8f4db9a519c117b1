"""actscribe review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def review(
    study: Annotated[Path, typer.Argument(help="Study file or its folder.")],
    run: Annotated[
        Path | None, typer.Option(help="Run whose predictions are suggested; default the newest complete one.")
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Who works; default the name of your login.")] = None,
    independent: Annotated[
        bool, typer.Option("--independent", help="Begin recordings from nothing, whatever the study has.")
    ] = False,
    port: Annotated[int, typer.Option(help="Of the address; default any that is free.", min=0, max=65535)] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, open nothing.")] = False,
    plant: Annotated[
        float, typer.Option(help="Share of suggestions wrong on purpose, to see how many are accepted.", min=0, max=0.5)
    ] = 0.0,
    host: Annotated[str, typer.Option(help="Another address of this machine than its own; needs TLS.")] = "127.0.0.1",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate, a PEM file.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, a PEM file.")] = None,
) -> None:
    """Open the recordings of a study in the browser, with a run's suggestions, to correct and to learn from."""
    from actscribe.packages import require

    for module in ("starlette", "uvicorn"):
        require(module, "actscribe review")
    from actscribe.review.serve import listen, serve
    from actscribe.review.start import start
    from actscribe.tables import print_sentence

    listening = listen(host, port, tls_cert, tls_key)
    session, words = start(study, run, annotator, independent, plant, host, listening)
    for sentence in words:
        print_sentence(sentence)
    print(f"Open in your browser: {session.access.address}", flush=True)
    print("End with Ctrl-C; every change is kept at once.", flush=True)
    serve(session, listening, not no_browser)
