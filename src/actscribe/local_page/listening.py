"""A socket of this machine for one person's browser, and the server behind it."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from actscribe.errors import ActScribeError, in_one_line
from actscribe.names import spelled

LOOPBACK = "127.0.0.1"
_NOWHERE = ipaddress.IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that is bound, and how it is protected.

    Args:
        socket: bound.
        certificate, key: PEM files; None: no TLS.
    """

    socket: socket.socket
    certificate: Path | None = None
    key: Path | None = None

    @property
    def port(self) -> int:
        """Of the socket."""
        return int(self.socket.getsockname()[1])


def listen(host: str, port: int, certificate: Path | None = None, key: Path | None = None) -> Listening:
    """Bind an address and hold it: who comes before the server answers waits, and nobody else can take it.

    Args:
        host: 127.0.0.1, or a name or address of this machine, which needs certificate and key.
        port: 0: any that is free.
        certificate, key: PEM files.

    Raises:
        ActScribeError: another host without TLS, a host that is every one, or a port that is taken.
    """
    _check_host(host, certificate, key)
    try:
        bound = _bound(host, port)
    except (OSError, TypeError) as error:  # a TypeError: no name of a host at all
        is_taken = host == LOOPBACK or getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
        where = f"{spelled(host)}:{port}" if port else spelled(host)
        raise ActScribeError(
            f"Nothing can be served at {where}: {getattr(error, 'strerror', '') or error}.",
            "Choose another --port, or leave it out: any that is free is taken."
            if is_taken
            else "Name this machine by a name or address of its own with --host, as browsers will call it.",
        ) from None
    return Listening(bound, certificate, key)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere it would let two servers have one address
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        if _is_every(bound):  # however that was written: 0, ::0, 000.0.0.0
            raise _every(host)
        bound.listen()
    except BaseException:
        bound.close()
        raise
    return bound


def configured(app: ASGIApp, listening: Listening) -> uvicorn.Config:
    """Return how an application is served: quietly, by itself alone, over TLS where there is a certificate."""
    return uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=3,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
    )


def _check_host(host: str, certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise ActScribeError("Either --tls-cert or --tls-key is missing.", "Give both, as PEM files.")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise ActScribeError(f"{path}: no such file.", "Name the PEM files of certificate and key.")
    if host in ("", "0.0.0.0", "::"):
        raise _every(host)
    if host != LOOPBACK and certificate is None:
        raise ActScribeError(
            f"--host {host}: others could read along, and videos of people would cross the network.",
            "Give a certificate with --tls-cert and --tls-key, or leave --host out and tunnel with ssh -L.",
        )
    if certificate is not None and key is not None:
        _check_certificate(certificate, key)


def _every(host: str) -> ActScribeError:
    return ActScribeError(f"--host {host} is every address of this machine.", "Name one, as browsers will call it.")


def _is_every(bound: socket.socket) -> bool:
    address = ipaddress.ip_address(bound.getsockname()[0].partition("%")[0])
    return address.is_unspecified or (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped == _NOWHERE)


def _check_certificate(certificate: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # a key with a password would ask for it
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ActScribeError(
            f"{certificate} and {key} are not a certificate and its private key ({in_one_line(error)}).",
            "Give both as PEM files, the key without a password: openssl pkey -in KEY -out PLAIN_KEY takes it off.",
        ) from None
