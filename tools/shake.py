"""Run chapters with every trained weight moved in its last digits.

    python tools/shake.py 07             five times, chapter 07
    python tools/shake.py 05 06 --runs 3

Another processor or thread count rounds differently, and training makes a
small difference large. A claim about a live training may stand in the text
only if it survives that. Each run starts every optimiser from weights that
differ by one part in a million, goes on where a claim fails, and lists
the claims that did.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parent.parent
RELATIVE_CHANGE = 1e-6


def find_notebook(number: str) -> Path:
    """The notebook of the chapter with this number, such as ``07``."""
    found = sorted((ROOT / "chapters").glob(f"{number.zfill(2)}_*.ipynb"))
    if not found:
        raise SystemExit(f"no chapter has the number {number}")
    return found[0]


def shake_optimisers(seed: int) -> None:
    """Let every optimiser move the weights that it is given, a little."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    begin = torch.optim.Optimizer.__init__

    @torch.no_grad()
    def begin_shaken(
        self: torch.optim.Optimizer, params: Any, defaults: dict[str, Any]
    ) -> None:
        begin(self, params, defaults)
        for group in self.param_groups:
            for weight in group["params"]:
                noise = torch.randn(weight.shape, generator=generator)
                weight.mul_(1 + RELATIVE_CHANGE * noise.to(weight))

    vars_of: Any = torch.optim.Optimizer
    vars_of.__init__ = begin_shaken


def failed_claims(notebook: Path, seed: int) -> list[str]:
    """The claims of a notebook that do not hold with this shake."""
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell

    import seglab
    import seglab.settings

    failed: list[str] = []

    def note(holds: object, claim: str) -> None:
        if not holds:
            failed.append(claim)

    seglab.expect = seglab.settings.expect = note
    shake_optimisers(seed)
    matplotlib.use("Agg")
    shell = InteractiveShell.instance()
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            if result.error_in_exec or result.error_before_exec:
                failed.append(f"a cell failed: {cell.source[:60]!r}")
                break
    return failed


def run_once(notebook: Path, seed: int) -> list[str]:
    """One shaken run in a process of its own; its failed claims."""
    environment = dict(
        os.environ, MPLBACKEND="Agg", PYTHONWARNINGS="ignore"
    )
    environment.setdefault("SEGLAB_SCALE", "small")
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(notebook), str(seed)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    mark = "NOT BORNE OUT: "
    lines = done.stdout.splitlines()
    return [line[len(mark) :] for line in lines if line.startswith(mark)]


def main() -> int:
    """Shake the chapters that are named; 1 if a claim failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        for claim in failed_claims(Path(given.one[0]), int(given.one[1])):
            print(f"\nNOT BORNE OUT: {claim}")
        return 0
    bad = 0
    for number in given.chapters:
        notebook = find_notebook(number)
        for seed in range(1, given.runs + 1):
            claims = run_once(notebook, seed)
            bad += len(claims)
            said = "; ".join(claims) or "every claim holds"
            print(f"{notebook.stem}, shake {seed}: {said}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
