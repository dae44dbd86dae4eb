"""Render the simulated radiographs that come with the package.

    python recipes/render_radiographs.py

Needs the chest CT (`seglab fetch chest`) and nibabel. Each film is kept in
runs/ as soon as it is there, so a run that was cut goes on where it
stopped; a change of the projector makes the kept films stale. Writes
seglab/data/files/radiographs.npz, recipes/results/radiographs.json and
recipes/render_radiographs.log.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import itertools
import json
import logging
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from seglab.data import chest_volume, projection, virtual_patients
from seglab.data.chest import ChestScan, load_scan
from seglab.data.radiographs import Radiographs, write_radiographs

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "seglab" / "data" / "files" / "radiographs.npz"
RESULTS = ROOT / "recipes" / "results" / "radiographs.json"
LOG = Path(__file__).with_suffix(".log")

log = logging.getLogger("render_radiographs")


@dataclass(frozen=True)
class Job:
    """One film to render, and where it is kept."""

    folder: Path
    patient: int
    shot: int
    shots: int
    size: int

    @property
    def shot_seed(self) -> int:
        """A seed of its own for each film."""
        return self.patient * self.shots + self.shot

    @property
    def film(self) -> Path:
        """Where the film is kept."""
        return self.folder / f"{self.patient:03d}-{self.shot_seed:04d}.npz"


def main() -> None:
    """Render what is missing, pack it and measure it."""
    options = parse()
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        handlers=[logging.StreamHandler(), logging.FileHandler(LOG)],
    )
    folder = options.runs / f"{projector_digest()}-{options.size}"
    folder.mkdir(parents=True, exist_ok=True)
    log.info(
        "%d virtual patients x %d shots, %d px",
        options.patients,
        options.shots,
        options.size,
    )
    load_scan()  # prepared once, before the workers ask for it
    jobs = [
        Job(folder, patient, shot, options.shots, options.size)
        for patient in range(options.patients)
        for shot in range(options.shots)
    ]
    kept = sum(job.film.is_file() for job in jobs)
    with ProcessPoolExecutor(options.workers) as pool:
        list(pool.map(render_one, jobs))
    log.info("%d rendered, %d were there", len(jobs) - kept, kept)
    films, seconds = collect(jobs)
    write_radiographs(options.out, films)
    figures = measure(films)
    figures["file_bytes"] = [float(options.out.stat().st_size)]
    figures["cpu_seconds_an_image"] = seconds
    write_results(figures, sum(seconds))


def parse() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=48)
    parser.add_argument("--shots", type=int, default=3)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument(
        "--runs", type=Path, default=ROOT / "runs" / "radiographs"
    )
    return parser.parse_args()


def projector_digest() -> str:
    """A name for this version of the projector's source."""
    modules = (chest_volume, projection, virtual_patients)
    source = "".join(inspect.getsource(module) for module in modules)
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def render_one(job: Job) -> None:
    """Render and keep one film unless it is there."""
    if job.film.is_file():
        return
    torch.set_num_threads(1)
    scan = shared_scan()
    chest_volume.prepare_volume(scan)  # kept; not part of a film's time
    start = time.process_time()
    film = projection.render(scan, job.patient, job.shot_seed, job.size)
    seconds = time.process_time() - start
    part = job.film.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            image=film.image,
            masks=np.packbits(film.masks, axis=-1),
            names=film.names,
            spacing_mm=film.spacing_mm,
            seconds=seconds,
        )
    part.replace(job.film)


@lru_cache(maxsize=1)
def shared_scan() -> ChestScan:
    """The scan, loaded once in each worker."""
    return load_scan()


def collect(jobs: list[Job]) -> tuple[Radiographs, list[float]]:
    """All kept films, without masks that no film shows, and CPU seconds."""
    images, packed, seconds = [], [], []
    for job in jobs:
        with np.load(job.film) as kept:
            images.append(kept["image"])
            packed.append(kept["masks"])
            seconds.append(kept["seconds"].item())
            names = kept["names"].tolist()
            row, column = kept["spacing_mm"].tolist()
    masks = np.stack(packed)
    seen = np.flatnonzero(masks.any(axis=(0, 2, 3)))
    films = Radiographs(
        images=np.stack(images),
        patient=np.array([job.patient for job in jobs], dtype=np.int64),
        shot=np.array([job.shot for job in jobs], dtype=np.int64),
        names=tuple(names[index] for index in seen),
        spacing_mm=(row, column),
        packed=np.ascontiguousarray(masks[:, seen]),
    )
    return films, seconds


def measure(films: Radiographs) -> dict[str, list[float]]:
    """Shares of pixels, overlaps and agreements, film by film."""
    ribs = [name for name in films.names if name.startswith("rib_")]
    layers = films.masks([*ribs, "heart", "lungs_silhouette", "vertebrae"])
    figures = {"share_two_or_more": layers.sum(axis=1) >= 2}
    lungs = [name for name in films.names if name.startswith("lungs_")]
    for name in (*lungs, "heart", "ribs", "vertebrae"):
        figures[f"share_{name}"] = films.mask(name)
    shares = {
        name: mask.mean(axis=(1, 2)).tolist()
        for name, mask in figures.items()
    }
    for one, other in itertools.combinations(lungs, 2):
        a, b = films.mask(one), films.mask(other)
        both = 2.0 * (a & b).sum(axis=(1, 2))
        dice = both / (a.sum(axis=(1, 2)) + b.sum(axis=(1, 2)))
        shares[f"dice_{one}_{other}"] = dice.tolist()
    return shares


def write_results(figures: dict[str, list[float]], seconds: float) -> None:
    """Write means and figures film by film; log the means."""
    table = {}
    for name, values in figures.items():
        value = float(np.mean(values))
        log.info("%s: %.4g (n=%d)", name, value, len(values))
        table[name] = {
            "value": value,
            "per_seed": [round(v, 5) for v in values],
            "n": len(values),
            "command": "python recipes/render_radiographs.py",
            "seconds": round(seconds, 1),
        }
    RESULTS.parent.mkdir(exist_ok=True)
    part = RESULTS.with_suffix(".part")
    part.write_text(json.dumps(table) + "\n")
    part.replace(RESULTS)


if __name__ == "__main__":
    main()
