"""Measure seglab beside its peers: ``make bench``.

python benchmarks/run.py                 everything
python benchmarks/run.py dice unet       some of it, printed only
"""

from __future__ import annotations

import argparse
import warnings

import torch

# from this folder, which is where Python starts to look
import harness
import works


def main() -> int:
    """Run the chosen works; write the table if it is all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("id", nargs="*", help="which works; all if none")
    chosen = parser.parse_args().id
    unknown = set(chosen) - set(works.WORKS)
    if unknown:
        parser.error(
            f"there is no work {', '.join(sorted(unknown))}; there are "
            f"{', '.join(works.WORKS)}"
        )
    torch.set_num_threads(2)
    warnings.filterwarnings("ignore")
    rows: list[harness.Row] = []
    for name in chosen or works.WORKS:
        new = harness.measure(works.WORKS[name]())
        print("\n".join(harness.table(new).splitlines()[2:]), flush=True)
        rows += new
    if not chosen:
        harness.write(rows)
        print(f"written to {harness.HERE / 'README.md'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
