"""The server of the live page: for the browser that has the token, while the session lasts."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actscribe.live.page.board import Board
from actscribe.local_page.access import Access, Guarded
from actscribe.local_page.answers import answer, refusal
from actscribe.local_page.listening import LOOPBACK, Listening, configured
from actscribe.local_page.static_files import static_file

_PACKAGE = "actscribe.live.page"
#: Seconds for which the page may still ask how it ended, and within which the server has to stop.
_LAST_WORD_S, _STOP_S = 3.0, 10.0


def create(board: Board, access: Access) -> Starlette:
    """Return the application that shows a session.

    Args:
        board: of the session.
        access: who may ask.
    """

    async def page(request: Request) -> Response:
        return static_file(_PACKAGE, "index.html")

    async def static(request: Request) -> Response:
        return static_file(_PACKAGE, request.path_params["path"])

    async def live(request: Request) -> Response:
        return answer(board.snapshot())

    async def not_there(request: Request, error: Exception) -> Response:
        return refusal(getattr(error, "status_code", 404), "There is nothing at this address.", "Load the page again.")

    app = Starlette(
        routes=[Route("/", page), Route("/static/{path:path}", static), Route("/api/live", live)],
        middleware=[Middleware(Guarded, access=access)],
        exception_handlers={404: not_there, 405: not_there},
    )
    app.router.redirect_slashes = False  # what is not an address of ours is none
    return app


@contextmanager
def served(board: Board, listening: Listening, access: Access, browser: bool) -> Iterator[None]:
    """Serve a board in a thread of its own while the block runs, and until the page has heard how it ended.

    Args:
        board: of a session.
        listening: a socket of this machine alone.
        access: who may ask, see `access_of`.
        browser: whether to open it.
    """
    server = uvicorn.Server(configured(create(board, access), listening))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening.socket]}, name="live page", daemon=True)
    thread.start()
    if browser:
        threading.Thread(target=webbrowser.open, args=(access.address,), name="browser", daemon=True).start()
    try:
        yield
        board.wait_until_shown(_LAST_WORD_S)
    finally:
        server.should_exit = True
        thread.join(_STOP_S)


def access_of(listening: Listening) -> Access:
    """Return who may ask a server that listens for this machine alone."""
    return Access(LOOPBACK, listening.port)
