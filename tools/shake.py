"""Run chapters with every trained weight moved in its last digits.

    python tools/shake.py 07             five times, chapter 07
    python tools/shake.py 05 06 --runs 3

Another processor or thread count rounds differently, and training makes a
small difference large. A claim about a live training may stand in the text
only if it survives that. Each run starts every optimiser from weights that
differ by one part in a million and goes on where a claim fails. In the end
you see the claims that fell, and those that hold with little room: less
than four standard deviations of what the runs differ by.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
RELATIVE_CHANGE = 1e-6
# a claim needs so many standard deviations of room
ENOUGH = 4.0
MARK = "SEGLAB CLAIMS: "


class Claim(NamedTuple):
    """One claim of one run: its words, and by how much it holds."""

    text: str
    holds: bool
    gaps: list[float]


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


def gaps_of(condition: ast.expr) -> list[ast.expr]:
    """Expressions that say by how much each comparison holds."""
    gaps: list[ast.expr] = []
    for node in ast.walk(condition):
        if isinstance(node, ast.comprehension | ast.Lambda):
            return []
        if isinstance(node, ast.Compare):
            values = [node.left, *node.comparators]
            pairs = zip(node.ops, values[:-1], values[1:], strict=True)
            for operator, left, right in pairs:
                if isinstance(operator, ast.Lt | ast.LtE):
                    gaps.append(ast.BinOp(right, ast.Sub(), left))
                elif isinstance(operator, ast.Gt | ast.GtE):
                    gaps.append(ast.BinOp(left, ast.Sub(), right))
    return gaps


class Measured(ast.NodeTransformer):
    """Hands the gaps of a claim's comparisons to ``expect``."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("expect", "expect_trained") and node.args:
            inner = ast.List(gaps_of(node.args[0]), ast.Load())
            nothing = ast.arguments(
                posonlyargs=[],
                args=[],
                kwonlyargs=[],
                kw_defaults=[],
                defaults=[],
            )
            node.args.append(ast.Lambda(nothing, inner))
        return node


def smallest(gap: Any) -> float:
    """A gap as one number: the smallest of an array's."""
    return float(gap.min() if hasattr(gap, "min") else gap)


def check_claims(notebook: Path, seed: int) -> list[Claim]:
    """The claims of a notebook, with the room that each has."""
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell

    import seglab
    import seglab.settings

    claims: list[Claim] = []

    def note(holds: object, claim: str, gaps: Any = list) -> None:
        try:
            room = [smallest(gap) for gap in gaps()]
        except (ArithmeticError, LookupError, TypeError, ValueError):
            room = []  # a claim may compare what has no difference
        claims.append(Claim(claim, bool(holds), room))

    for name in ("expect", "expect_trained"):
        setattr(seglab, name, note)
        setattr(seglab.settings, name, note)
    shake_optimisers(seed)
    matplotlib.use("Agg")
    shell = InteractiveShell.instance()
    shell.ast_transformers.append(Measured())
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            if result.error_in_exec or result.error_before_exec:
                text = f"a cell failed: {cell.source[:60]!r}"
                claims.append(Claim(text, False, []))
                break
    return claims


def run_once(notebook: Path, seed: int) -> list[Claim]:
    """One shaken run in a process of its own, and its claims."""
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
    lines = done.stdout.splitlines()
    (found,) = (line for line in lines if line.startswith(MARK))
    return [Claim(*parts) for parts in json.loads(found[len(MARK) :])]


def tight_claims(runs: list[list[Claim]]) -> list[str]:
    """Claims that fell, or whose room is small beside how it varies."""
    lines = []
    for seen in zip(*runs, strict=False):
        failed = sum(not claim.holds for claim in seen)
        rooms = zip(*(claim.gaps for claim in seen), strict=False)
        spreads = [ratio(room) for room in rooms if len(room) > 1]
        least = min(spreads, default=math.inf)
        if failed or least < ENOUGH:
            lines.append(
                f"{seen[0].text}: fell in {failed} of {len(runs)} runs, "
                f"room of {least:.1f} standard deviations"
            )
    return lines


def ratio(room: tuple[float, ...]) -> float:
    """Mean room over its standard deviation; inf where it stays."""
    spread = statistics.stdev(room)
    return statistics.mean(room) / spread if spread > 0 else math.inf


def main() -> int:
    """Shake the chapters that are named; 1 if a claim is tight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        claims = check_claims(Path(given.one[0]), int(given.one[1]))
        print(f"\n{MARK}{json.dumps(claims)}")
        return 0
    bad = 0
    for number in given.chapters:
        notebook = find_notebook(number)
        seeds = range(1, given.runs + 1)
        tight = tight_claims([run_once(notebook, seed) for seed in seeds])
        bad += len(tight)
        for line in tight or ["every claim has room"]:
            print(f"{notebook.stem}: {line}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
