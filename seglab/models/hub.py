"""Weight files of the Hugging Face hub: fetched once, and verified.

Files come through the hub's own client into its own cache folder, so that
timm and transformers share them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from seglab.models.connection import is_reachable, offline_error

# the older form is a pickle, and taken where there is no other
FILE_NAMES = ("model.safetensors", "pytorch_model.bin")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubFile:
    """Which weight file of the hub is meant.

    Args:
        repository: owner and name.
        revision: a commit, which can never change, or a branch.
        sha256: of the file; without it the hub's own word is taken.

    >>> HubFile("nvidia/mit-b5").address
    'nvidia/mit-b5@main'
    """

    repository: str
    revision: str = "main"
    sha256: str | None = None

    @property
    def address(self) -> str:
        """Repository and revision, as people write them."""
        return f"{self.repository}@{self.revision}"


def hub_state(file: HubFile) -> dict[str, Tensor]:
    """The tensors of a weight file of the hub.

    Args:
        file: which one.

    Raises:
        ImportError: huggingface_hub is not installed.
        ConnectionError: the file is not there yet and the hub cannot be
            reached; says so within a second or two.
        FileNotFoundError: the repository has no weight file of a known
            name.
        RuntimeError: the file's hash is another one; the file is removed.

    Convention: the hash that counts is ``file.sha256``. Where none is
    given it is the one that the hub stated when the file was fetched,
    which its client keeps as the name of the cached file: that finds what
    was damaged on the way or on the disk, and trusts the hub. (A cache
    folder that cannot hold links keeps no such name, and is not checked.)
    A file that is in the cache is taken as it is, whatever its branch
    holds by now.
    """
    path = _cached(file) or _fetch(file)
    _verify(path, file)
    if path.suffix == ".safetensors":
        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _cached(file: HubFile) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError as error:
        raise ImportError(
            f"weights of {file.repository} need huggingface_hub: pip "
            "install 'seglab[transformers]'"
        ) from error
    for name in FILE_NAMES:
        found = try_to_load_from_cache(
            file.repository, name, revision=file.revision
        )
        # besides a path and None there is a mark for "known to be absent"
        if isinstance(found, str):
            return Path(found)
    return None


def _fetch(file: HubFile) -> Path:
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
    )

    hub = constants.ENDPOINT
    # the parents are the errors of the HTTP client, whichever that is
    faults: Any = (OSError, *HfHubHTTPError.__bases__)
    if constants.HF_HUB_OFFLINE:
        raise offline_error(file.address, hub, "HF_HUB_OFFLINE is set")
    # its client would try for half a minute
    if not is_reachable(hub):
        raise offline_error(file.address, hub, "it does not answer")
    for name in FILE_NAMES:
        try:
            return Path(
                hf_hub_download(
                    file.repository, name, revision=file.revision
                )
            )
        except LocalEntryNotFoundError as error:
            # what went wrong on the line is its cause
            raise offline_error(
                file.address, hub, str(error.__cause__ or error)
            ) from error
        except EntryNotFoundError:
            continue
        except faults as error:
            raise offline_error(file.address, hub, str(error)) from error
    raise FileNotFoundError(
        f"{file.address} holds neither {' nor '.join(FILE_NAMES)}"
    )


def _verify(path: Path, file: HubFile) -> None:
    # one step only: the file behind the link may be a link too
    stored = path.parent / path.readlink() if path.is_symlink() else path
    wanted = file.sha256 or stored.name
    if not SHA256.fullmatch(wanted):
        return
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != wanted:
        # both, or the hub's client would only renew the link
        stored.unlink()
        path.unlink(missing_ok=True)
        raise RuntimeError(
            f"{path.name} of {file.address} has sha256 {found} and not "
            f"{wanted}: it was damaged or changed; the file was removed, "
            "so run it again to see which"
        )
