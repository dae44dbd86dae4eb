"""What a download does to the disk: sizes, space, hashes, unpacking."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path

# what the file systems of other people's machines leave in archives
_LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db")

_RECORD = "SHA256SUMS"


class DownloadError(OSError):
    """A download failed; the message says what to do."""


class DamagedError(DownloadError):
    """An archive that must not be unpacked, or cannot be."""


def show_size(size_bytes: int | None) -> str:
    """A size for people.

    >>> show_size(34468389), show_size(3412), show_size(None)
    ('32.9 MiB', '3.3 KiB', 'size unknown')
    """
    if size_bytes is None:
        return "size unknown"
    size, unit = float(size_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def check_space(folder: Path, needed_bytes: int) -> None:
    """Fail early when a disk cannot hold what is coming.

    Args:
        folder: where it will lie; must exist.
        needed_bytes: how much is coming.

    Raises:
        DownloadError: too little is free.

    >>> check_space(Path("."), 1)
    """
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise DownloadError(
            f"{folder} has {show_size(free)} free and "
            f"{show_size(needed_bytes)} are needed: free some space, or "
            "set SEGLAB_CACHE to a folder on a larger disk"
        )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, read piece by piece.

    >>> len(sha256_of(Path(__file__)))
    64
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recorded_hash(folder: Path, name: str) -> str | None:
    """The SHA-256 that an earlier download recorded in a folder.

    >>> recorded_hash(Path("no such folder"), "a.zip") is None
    True
    """
    record = folder / _RECORD
    lines = record.read_text().splitlines() if record.exists() else []
    hashes = {name: sha256 for sha256, name in map(str.split, lines)}
    return hashes.get(name)


def record_hash(folder: Path, path: Path) -> None:
    """Record what a file without a published hash looked like here.

    Args:
        folder: what holds the record, in the format of ``sha256sum``.
        path: the file, in that folder.
    """
    sha256, name = sha256_of(path), path.relative_to(folder).as_posix()
    with (folder / _RECORD).open("a") as record:
        record.write(f"{sha256}  {name}\n")
    print(
        f"{name}: no hash is published, so nothing was compared; its "
        f"sha256 {sha256} is recorded in {folder / _RECORD}"
    )


def unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack a zip file; what lies in the folder is always whole.

    Everything is unpacked aside, with its checksums checked, and moved
    into place at the end.

    Args:
        archive: the zip file.
        folder: where its top entries go; must exist.

    Raises:
        DamagedError: the archive is damaged, or wants to write outside
            the folder; nothing was written.
        DownloadError: it does not fit on the disk.
    """
    aside = Path(tempfile.mkdtemp(prefix=".unpack-", dir=folder))
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [m for m in opened.infolist() if _is_content(m)]
            for member in members:
                _check_member(member, aside)
            check_space(folder, sum(m.file_size for m in members))
            opened.extractall(aside, members)
        for entry in aside.iterdir():
            _move_into(entry, folder)
    except (zipfile.BadZipFile, EOFError) as error:
        raise DamagedError(
            f"{archive.name} is damaged ({error}): download it again"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _is_content(member: zipfile.ZipInfo) -> bool:
    parts = member.filename.split("/")
    return not any(litter in parts for litter in _LITTER)


def _check_member(member: zipfile.ZipInfo, root: Path) -> None:
    name = member.filename.replace("\\", "/")
    target = (root / name).resolve()
    inside = target.is_relative_to(root.resolve())
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if not inside or is_link or ":" in name:
        raise DamagedError(
            f"the archive wants to write outside its folder "
            f"({member.filename!r}); it was not unpacked"
        )


def _move_into(entry: Path, folder: Path) -> None:
    target = folder / entry.name
    if target.is_dir():
        # left over from an archive that was repacked since
        shutil.rmtree(target)
    entry.replace(target)
