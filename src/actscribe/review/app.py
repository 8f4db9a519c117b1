"""The application: which function answers which address, behind the checks of `security`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from actscribe.errors import ActScribeError
from actscribe.journal import Conflict
from actscribe.local_page.access import Guarded, TooLarge
from actscribe.local_page.answers import answer, refusal
from actscribe.local_page.static_files import static_file
from actscribe.review import agreement, export_api, opened, overview, reports
from actscribe.review.asked import Asked
from actscribe.review.media import serve
from actscribe.review.session import Session, Unknown

#: Header by which a page says whose work it shows, as `Session.name` has it.
PAGE_OF = "x-actscribe-review"
_GET: Mapping[str, Callable[[Asked], Any]] = {
    "/api/study": overview.overview,
    "/api/agreement": agreement.agreement,
    "/api/guards": export_api.guards,
    "/api/recordings/{id}/frames": opened.frames,
    "/api/recordings/{id}/curves": opened.curves,
    "/api/recordings/{id}/cameras": opened.cameras,
    "/api/recordings/{id}/suggestions": opened.suggestions,
}
_POST: Mapping[str, Callable[[Asked], Any]] = {
    "/api/export": export_api.export,
    "/api/report": reports.insist,
    "/api/recordings/{id}/open": opened.open_recording,
    "/api/recordings/{id}/inexact": opened.inexact,
    "/api/recordings/{id}/actions": opened.act,
    "/api/recordings/{id}/undo": opened.undo,
    "/api/recordings/{id}/redo": opened.redo,
}


def create(session: Session) -> Starlette:
    """Return the application that serves a session.

    Args:
        session: of one study and annotator.
    """
    routes = [
        Route("/", _page),
        Route("/static/{path:path}", _static),
        Route("/media/{id}/{camera}", _media),
        Route("/reports/{name}/{about}", _report),
    ]
    routes += [Route(path, _endpoint(work), methods=["GET"]) for path, work in _GET.items()]
    routes += [Route(path, _endpoint(work), methods=["POST"]) for path, work in _POST.items()]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guarded, access=session.access)],
        exception_handlers={404: _not_there, 405: _not_there},
    )
    app.router.redirect_slashes = False  # what is not an address of ours is none
    app.state.session = session
    return app


def _endpoint(work: Callable[[Asked], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        session: Session = request.app.state.session
        if request.headers.get(PAGE_OF, session.name) != session.name:
            hint = f"this page is of another annotator or study than the server here now, {session.annotator}'s of"
            return refusal(403, "This page is of another review.", f"{hint} {session.study.name}; start its own again.")
        try:
            body = await request.body()
            asked = Asked(session, request.path_params, request.query_params, body)
            content = await run_in_threadpool(work, asked)
        except (ActScribeError, TooLarge, ClientDisconnect) as error:
            return _refused(error)
        if isinstance(content, bytes):
            return Response(content, media_type="application/octet-stream")
        return answer(content)

    return endpoint


def _refused(error: Exception) -> Response:
    if isinstance(error, ActScribeError):
        status = 409 if isinstance(error, Conflict) else 404 if isinstance(error, Unknown) else 400
        return refusal(status, error.message, error.hint)
    return refusal(413, "Too much was sent at once.", "Do it in several steps.")


async def _media(request: Request) -> Response:
    def find() -> Response:
        session: Session = request.app.state.session
        try:
            item = session.item(request.path_params["id"])
            session.check_video(item)
            file = session.conversions.playable(opened.video_of(item, request.path_params["camera"]))
        except ActScribeError as error:
            return _refused(error)
        if file is None:
            return refusal(409, "The video is being converted for the browser.", "Wait until it is done.")
        return serve(request, *file)

    return await run_in_threadpool(find)


async def _report(request: Request) -> Response:
    def find() -> Response:
        try:
            page = reports.page(request.app.state.session, request.path_params["name"], request.path_params["about"])
        except ActScribeError as error:
            return _refused(error)
        headers = {"content-security-policy": page.policy}
        return Response(page.html, media_type="text/html; charset=utf-8", headers=headers)

    return await run_in_threadpool(find)


async def _page(request: Request) -> Response:
    return static_file("actscribe.review", "index.html")


async def _static(request: Request) -> Response:
    return static_file("actscribe.review", request.path_params["path"])


async def _not_there(request: Request, error: Exception) -> Response:
    return refusal(getattr(error, "status_code", 404), "There is nothing at this address.", "Load the page again.")
