"""A small web service: a picture goes in, its mask comes out.

One process holds one network and does a bounded amount at a time; more
processes behind a proxy do more. Its page works without a network.
"""

# no postponed annotations: FastAPI reads them, and what they name is
# imported inside create_app
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from seglab.deploy.answers import figures
from seglab.deploy.desk import Desk
from seglab.deploy.segmenter import Segmenter
from seglab.deploy.uploads import (
    Limits,
    UploadError,
    check_length,
    limited,
)
from seglab.extras import optional

PAGE = Path(__file__).with_name("page.html")
# of a form: what stands around the picture
_ENVELOPE_BYTES = 2**14


def create_app(
    load: Callable[[], Segmenter],
    *,
    limits: Limits | None = None,
    workers: int = 2,
    queue: int = 16,
) -> Any:
    """The web service, for uvicorn or any other ASGI server.

    ``POST /predict?as=png|rle|polygons`` takes a picture as the body or as
    the field ``file`` of a form; ``/health`` says that the process lives,
    ``/ready`` that the network is loaded, ``/metrics`` what Prometheus
    reads; ``/`` is a page to try it in a browser.

    Args:
        load: gives the segmenter, such as ``lungs_segmenter``; called
            once at the start, in a thread.
        limits: of each upload; the default ones if None.
        workers: predictions at a time.
        queue: uploads that may be read or wait besides; the next one is
            answered with 503 and ``Retry-After``.

    Returns:
        A ``fastapi.FastAPI``.

    Convention:
        Memory has a bound, whatever is sent: twice ``max_bytes`` for each
        place (workers and queue), 20 bytes a pixel of ``max_pixels`` for
        each worker, and the network.

    Raises:
        ImportError: a library is missing; names the extra.
        ValueError: no worker, or a queue below 0.
    """
    optional("python_multipart", "the service", "deploy")
    fastapi = optional("fastapi", "the service", "deploy")
    from fastapi import Query, Request, Response

    desk = Desk(load, limits or Limits(), workers, queue)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        desk.open()
        yield
        desk.close()

    app = fastapi.FastAPI(title="seglab", lifespan=lifespan)
    app.state.desk = desk

    @app.post("/predict", openapi_extra={"requestBody": _BODY})
    async def predict(
        request: Request,
        form: Literal["png", "rle", "polygons"] = Query("png", alias="as"),
    ) -> Response:
        """The mask of a picture."""
        started = time.perf_counter()
        response = await _answer(desk, request, form)
        seconds = time.perf_counter() - started
        desk.counters.answered(response.status_code, seconds)
        return response

    @app.get("/health")
    def health() -> Response:
        """Whether this process should go on living."""
        return _say(desk.failure is None, desk.failure or "alive")

    @app.get("/ready")
    def ready() -> Response:
        """Whether the network is loaded."""
        loaded = desk.segmenter is not None
        state = "loaded" if loaded else "loading"
        return _say(loaded, desk.failure or state)

    @app.get("/metrics")
    def metrics() -> Response:
        """What Prometheus reads."""
        text, kind = desk.counters.as_text()
        return Response(text, media_type=kind)

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return Response(PAGE.read_bytes(), media_type="text/html")

    return app


_BODY = {
    "required": True,
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("image/png", "image/jpeg", "image/tiff")
    },
}


async def _answer(desk: Desk, request: Any, form: str) -> Any:
    from fastapi import Response
    from starlette.requests import ClientDisconnect

    try:
        with desk.place():
            data = await _read(request, desk.limits)
            body, kind, found = await desk.segment(data, form)
    except UploadError as error:
        return _refuse(error)
    except ClientDisconnect:
        # nobody reads this, but it is counted
        return _refuse(UploadError(400, "the sender went away"))
    headers = {
        f"x-{key.replace('_', '-')}": f"{value:.6f}"
        for key, value in figures(found).items()
    }
    return Response(body, media_type=kind, headers=headers)


def _refuse(error: UploadError) -> Any:
    from fastapi.responses import JSONResponse

    # the rest of a body may still be under way
    headers = {"connection": "close"}
    if error.status == 503:
        headers["retry-after"] = "1"
    return JSONResponse({"detail": str(error)}, error.status, headers)


def _say(well: bool, text: str) -> Any:
    from fastapi.responses import JSONResponse

    return JSONResponse({"status": text}, 200 if well else 503)


async def _read(request: Any, limits: Limits) -> bytes:
    """The picture's bytes: the body, or a form's field ``file``."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        _check_announced(request, limits)
        parts = [part async for part in limited(request.stream(), limits)]
        return b"".join(parts)
    fields = await _parse_form(request, limits)
    try:
        file = fields.get("file")
        if file is None or isinstance(file, str):
            raise UploadError(422, "the form must have a file named 'file'")
        check_length(file.size, limits)
        data: bytes = await file.read()
        return data
    finally:
        await fields.close()


async def _parse_form(request: Any, limits: Limits) -> Any:
    from starlette.formparsers import MultiPartException, MultiPartParser

    whole = replace(limits, max_bytes=limits.max_bytes + _ENVELOPE_BYTES)
    _check_announced(request, whole)
    # larger files are written to a temporary file while they arrive
    parser = MultiPartParser(
        request.headers,
        limited(request.stream(), whole),
        max_files=1,
        max_fields=8,
        max_part_size=1024,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise UploadError(
            400, f"the form cannot be read: {error.message}"
        ) from error


def _check_announced(request: Any, limits: Limits) -> None:
    """Refuse what says itself that it is far too long, unread."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > 2 * limits.max_bytes:
        check_length(int(announced), limits)
