"""The kernel ``warm``, which begins with what notebooks import.

At scale ``smoke`` a notebook spends more time on importing PyTorch and its
company than on most of its cells. Here one process imports them, and each
kernel is a fork of it. Nothing of seglab is in that process, and no name is
bound in a kernel: a notebook that forgets an import still fails.

Figures are drawn small and are not cut to their ink, which saves a drawing;
how they look is seen when the book is built, in kernels of the usual kind.

``make test`` asks for it by ``--nbval-kernel-name``; leave that out where
forks are not safe (macOS) or not to be had (Windows).
"""

from __future__ import annotations

import gc
import os
import sys
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import (
    KernelProvisionerFactory,
    LocalProvisioner,
)

ROOT = Path(__file__).resolve().parent.parent
# what several chapters import; each of two workers waits for it once
IMPORTED = [
    "ipykernel.kernelapp",
    "matplotlib.pyplot",
    "pandas",
    "scipy.ndimage",
    "skimage",
    "sklearn",
    "torch",
    "torchvision",
    # it imports torchmetrics, and that transformers
    "lightning_fabric",
    "monai.losses",
    "segmentation_models_pytorch",
]
FIGURES = {"dpi": 40, "bbox_inches": None}


class Fork:
    """A forked process with the methods of ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess) -> None:
        self.process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self) -> int | None:
        self.process.join()
        return self.process.exitcode

    def send_signal(self, signum: int) -> None:
        os.kill(self.process.pid, signum)

    def kill(self) -> None:
        self.process.kill()

    def terminate(self) -> None:
        self.process.terminate()


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of the process with all the imports."""

    @classmethod
    def load(cls) -> type[WarmProvisioner]:
        """Itself: provisioners are kept as entry points."""
        return cls

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        process = get_context("forkserver").Process(
            target=be_kernel,
            args=(
                cmd[cmd.index("-f") + 1],
                str(kwargs.get("cwd") or Path.cwd()),
                dict(kwargs.get("env") or os.environ),
            ),
        )
        process.start()
        # as launch_kernel of the parent class does
        self.process = Fork(process)
        self.pid = self.pgid = process.pid
        return self.connection_info


def be_kernel(
    connection: str, folder: str, environment: dict[str, str]
) -> None:
    """What the fork does: serve one notebook, in its folder."""
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    gc.freeze()  # what was imported before the fork is no garbage
    os.setsid()  # signals to a kernel go to its children too
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    inner = [ROOT / "tests", ROOT / "tools"]
    sys.path[:] = [
        path
        for path in sys.path
        if not any(Path(path).is_relative_to(part) for part in inner)
    ]
    config = Config()
    config.InlineBackend.print_figure_kwargs = FIGURES
    app = IPKernelApp.instance(config=config)
    app.initialize(["-f", connection])
    # Matplotlib was imported before there was a notebook to draw in
    app.shell.enable_matplotlib("inline")
    app.start()


def offer_warm_kernels() -> None:
    """From now on this process can start the kernel ``warm``."""
    if "forkserver" not in get_all_start_methods():
        return
    folder = str(Path(__file__).parent / "jupyter")
    places = [folder, *os.environ.get("JUPYTER_PATH", "").split(os.pathsep)]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, places))
    get_context("forkserver").set_forkserver_preload(IMPORTED)
    provisioners = KernelProvisionerFactory.instance().provisioners
    provisioners["warm"] = WarmProvisioner
