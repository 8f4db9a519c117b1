"""actscribe review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next
from actscribe.errors import ActScribeError
from actscribe.typed_words import typed

#: Exit code where a journal is not as it was written.
NOT_AS_WRITTEN = 3


def review(
    study: Annotated[Path, typer.Argument(help="Study file or its folder.")],
    run: Annotated[
        Path | None, typer.Option(help="Run whose predictions are suggested; default the newest complete one.")
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Annotator name; default: your login. 'agreed' settles the annotations of two.")
    ] = None,
    open_at: Annotated[
        str | None, typer.Option("--open", help="Start with this recording, or at a moment of it: RECORDING@1:23.5.")
    ] = None,
    independent: Annotated[
        bool, typer.Option("--independent", help="Start recordings from scratch, whatever the study has.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port; default: that of last time, or any free one.", min=0, max=65535)] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address only; do not open a browser.")
    ] = False,
    plant: Annotated[
        float, typer.Option(help="Share of suggestions wrong on purpose, to see how many are accepted.", min=0, max=0.5)
    ] = 0.0,
    keys: Annotated[str, typer.Option(help="elan or boris: use the shortcuts of ELAN or BORIS.")] = "",
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Compute suggestions and convert videos now; do not open a browser.")
    ] = False,
    export: Annotated[
        str | None,
        typer.Option(help="Write everybody's sheets to STUDY/review/export: elan,csv,…; do not open a browser."),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Verify that the journal is as it was written.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on; any but 127.0.0.1 needs TLS.")] = "127.0.0.1",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate, a PEM file.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key, a PEM file.")] = None,
) -> None:
    """Open the recordings of a study in the browser, with a run's suggestions, to correct them.

    Keys on the page:
    Space plays and pauses; 1, 2, 3 begin and end a bout of a label.
    I and O set the start and the end of a bout to the frame shown.
    N goes to the next suggestion, which A accepts and D rejects.
    U goes to the next doubtful moment; Ctrl+Z undoes.
    ? shows all keys.
    """
    asked = [name for name, wanted in _modes(prepare, export, verify).items() if wanted]
    if len(asked) > 1:
        raise ActScribeError(f"{' and '.join(asked)} are two commands.", "Type one after the other.")
    if verify:
        _verify(study)
    elif export is not None:
        _export(study, export)
    elif prepare:
        _prepare(study, run)
    else:
        _require()
        from actscribe.review.ports import keep_port, listen_again
        from actscribe.review.serve import serve
        from actscribe.review.served import address, start
        from actscribe.run_folder.existing_run import train_command
        from actscribe.tables import print_sentence

        listening, moved = listen_again(study, annotator, host, port, tls_cert, tls_key)
        with listening.socket:
            session, words = start(study, run, annotator, independent, plant, keys, host, listening)
            first = address(session, open_at)
            keep_port(session.folder, session.annotator, listening.port)
            for sentence in (*words, *moved):
                print_sentence(sentence)
            print(f"Open in your browser: {first}", flush=True)
            print("End with Ctrl-C; every change is kept at once.", flush=True)
            serve(session, listening, None if no_browser else first)
            print_next(*train_command(study, session.study))


def _modes(prepare: bool, export: str | None, verify: bool) -> dict[str, bool]:
    return {"--prepare": prepare, "--export": export is not None, "--verify": verify}


def _require() -> None:
    from actscribe.packages import require

    for module in ("starlette", "uvicorn"):
        require(module, "actscribe review")


def _verify(study: Path) -> None:
    from actscribe.journal import Journal
    from actscribe.review.versions import noted
    from actscribe.settings.study import load_study
    from actscribe.tables import print_sentence

    folder = load_study(study).folder
    journal = Journal.of(folder)
    versions = list(noted(folder))
    if not journal.exists and not any(one.entries for one in versions):
        raise ActScribeError(
            f"{journal.path}: nothing was reviewed yet.", f"Begin with: actscribe review {typed(study)}"
        )
    check = journal.verify(versions)
    for problem in check.problems:
        print_sentence(problem)
    if check.problems:
        raise typer.Exit(NOT_AS_WRITTEN)
    for sentence in check.proven():
        print_sentence(sentence)
    print(check.version.head)


def _export(study: Path, formats: str) -> None:
    from actscribe.review.start import exported
    from actscribe.tables import print_sentence

    files, sentences = exported(study, [name.strip() for name in formats.split(",") if name.strip()])
    for sentence in sentences:
        print_sentence(sentence)
    for path in files:
        print(path)


def _prepare(study: Path, run: Path | None) -> None:
    from actscribe.review.start import prepared
    from actscribe.tables import print_sentence

    for sentence in prepared(study, run):
        print_sentence(sentence)
