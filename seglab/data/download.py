"""How a file gets here whole: resumed, checked, unpacked, renamed last.

Only the standard library speaks to the network. A download grows under
``NAME.part``; what carries the final name is complete and checked.
"""

from __future__ import annotations

import http.client
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from seglab.data.resources import RemoteFile, Resource
from seglab.data.storage import (
    DamagedError,
    DownloadError,
    check_space,
    record_hash,
    recorded_hash,
    sha256_of,
    show_size,
    unpack_zip,
)

CHUNK_BYTES = 1 << 18
CONNECT_SECONDS = 2.0
READ_SECONDS = 30.0
TRIES = 5


class OfflineError(DownloadError):
    """The server cannot be reached."""


def download_resource(resource: Resource, folder: Path) -> None:
    """Download every file of a resource that is missing in a folder.

    Args:
        resource: what to download.
        folder: where to put it; made if missing.

    Raises:
        DownloadError: see :func:`download_file`.
        OfflineError: a server cannot be reached.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{resource.name}: waiting for another process's download")
        lock.acquire()
    try:
        _download_missing(resource, folder)
    finally:
        lock.release()


def download_file(file: RemoteFile, folder: Path) -> Path:
    """Download one file, going on where an earlier attempt stopped.

    Args:
        file: where it comes from, and what it must look like.
        folder: where to put it; must exist.

    Returns:
        Where the file lies.

    Raises:
        OfflineError: the server cannot be reached; says so within a
            second or two.
        DownloadError: the server refuses, stops early again and again,
            or sends something else; or the disk is full.
    """
    target = folder / file.path
    if file.is_in(folder):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    check_reachable(file.url)
    largest = fruitless = 0
    while not _take(file, part):
        size = part.stat().st_size if part.exists() else 0
        # as long as bytes arrive, the line is only shaky
        fruitless = fruitless + 1 if size <= largest else 0
        largest = max(largest, size)
        if fruitless == TRIES:
            raise DownloadError(
                f"the download of {file.url} stops again and again; "
                f"{show_size(size)} are kept: run it again to go on"
            )
        time.sleep(0.1 * fruitless)
    _verify(file, part, folder)
    return part.replace(target)


def check_reachable(url: str) -> None:
    """Fail within a second or two if a server cannot be reached.

    Args:
        url: anything that the server holds.

    Raises:
        OfflineError: it cannot; says what to do.
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        parts = urllib.parse.urlsplit(
            proxy if "//" in proxy else f"//{proxy}"
        )
    port = parts.port or {"http": 80}.get(parts.scheme, 443)
    reached = threading.Event()
    # a name server that does not answer would hold us for a minute, so
    # another thread asks, and we wait no longer than we promised
    asking = threading.Thread(
        target=_knock, args=(parts.hostname, port, reached), daemon=True
    )
    asking.start()
    asking.join(CONNECT_SECONDS)
    if not reached.is_set():
        raise OfflineError(
            f"{host} cannot be reached: connect this machine to the "
            "network and run it again"
        )


def _download_missing(resource: Resource, folder: Path) -> None:
    if resource.is_complete(folder):
        # another process was quicker
        return
    missing = [
        file
        for file in resource.files
        if file.is_archive or not file.is_in(folder)
    ]
    sizes = [file.size_bytes for file in missing]
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    host = urllib.parse.urlsplit(missing[0].url).hostname
    print(
        f"{resource.name}: {len(missing)} file(s), {show_size(total)}, "
        f"from {host} into {folder}"
    )
    try:
        for file in missing:
            _settle(file, download_file(file, folder), folder)
    except DownloadError as error:
        raise type(error)(_with_hint(resource, error)) from error
    if not resource.is_complete(folder):
        raise DownloadError(
            f"{resource.name}: the download in {folder} lacks one of "
            f"{', '.join(resource.unpacked)}; its makers have repacked it"
        )


def _settle(file: RemoteFile, path: Path, folder: Path) -> None:
    """Unpack an archive, and record a hash that nobody published."""
    if file.is_archive:
        try:
            unpack_zip(path, folder)
        except DamagedError:
            path.unlink()
            raise
    if file.sha256 is None and recorded_hash(folder, file.path) is None:
        record_hash(folder, path)
    if file.is_archive:
        path.unlink()


def _with_hint(resource: Resource, error: Exception) -> str:
    hint = f"; or run: {resource.otherwise}" if resource.otherwise else ""
    return f"{resource.name}: {error}{hint}"


def _knock(host: str, port: int, reached: threading.Event) -> None:
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError:
        return
    reached.set()


def _take(file: RemoteFile, part: Path) -> bool:
    """Add to the part file; true when it is complete."""
    have = part.stat().st_size if part.exists() else 0
    if file.size_bytes is not None and have >= file.size_bytes:
        if have == file.size_bytes:
            return True
        part.unlink()
        have = 0
    request = urllib.request.Request(file.url)
    request.add_header("User-Agent", "seglab")
    # compressed in transit, sizes and ranges would not fit
    request.add_header("Accept-Encoding", "identity")
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=READ_SECONDS) as reply:
            return _append(reply, file, part, have)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            # the part is as long as the file, or longer: begin again
            part.unlink(missing_ok=True)
            return False
        raise DownloadError(
            f"{file.url} answers {error.code} ({error.reason}); "
            "it may have moved"
        ) from error
    except urllib.error.URLError as error:
        raise OfflineError(
            f"{file.url} cannot be read ({error.reason}): check the "
            "network and run it again"
        ) from error
    except (http.client.HTTPException, ConnectionError, TimeoutError):
        return False


def _append(
    reply: http.client.HTTPResponse, file: RemoteFile, part: Path, have: int
) -> bool:
    start = _start_of(reply, have)
    length = reply.headers.get("Content-Length")
    total = file.size_bytes
    if length is not None:
        total = start + int(length)
        _check_size(file, total)
    if total is not None:
        check_space(part.parent, total - start)
    with (
        part.open("ab" if start else "wb") as out,
        tqdm(
            desc=Path(file.path).name,
            total=total,
            initial=start,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            disable=not sys.stderr.isatty(),
        ) as bar,
    ):
        while chunk := reply.read(CHUNK_BYTES):
            out.write(chunk)
            bar.update(len(chunk))
    return total is None or part.stat().st_size == total


def _start_of(reply: http.client.HTTPResponse, have: int) -> int:
    """The first byte of a reply; 0 from a server that knows no ranges."""
    if reply.status != 206:
        return 0
    said = reply.headers.get("Content-Range", "")
    if not said.startswith(f"bytes {have}-"):
        raise DownloadError(
            f"{reply.url} was asked to go on at byte {have} and answers "
            f"{said!r}: remove the .part file and run it again"
        )
    return have


def _check_size(file: RemoteFile, total: int) -> None:
    if file.size_bytes not in (None, total):
        raise DownloadError(
            f"{file.url} is {total} bytes long, not {file.size_bytes}: "
            "its makers have changed it"
        )


def _verify(file: RemoteFile, part: Path, folder: Path) -> None:
    """Compare the hash; keep nothing that is not what it should be."""
    wanted = file.sha256 or recorded_hash(folder, file.path)
    if wanted is None or wanted == (found := sha256_of(part)):
        return
    part.unlink()
    raise DownloadError(
        f"{file.url} has sha256 {found} and not {wanted}: it was damaged "
        "on the way or changed by its makers; the file was removed, so "
        "run it again to see which"
    )
