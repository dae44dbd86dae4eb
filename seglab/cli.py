"""The command line: is all well, what is there, fetch it, segment it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# torch takes seconds to load, so commands import what they need
import seglab
from seglab import doctor
from seglab.data.catalog import CATALOG, Resource, fetch, find
from seglab.data.storage import show_size


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0: done; 1: it could not be done, and one line on stderr says why;
    2: the command line itself is wrong; 130: stopped by the reader.

    Args:
        arguments: what stands behind ``seglab``; the process's own if
            not given.

    >>> main(["fetch", "nothing"])
    1
    """
    parsed = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        code = run(parsed)
        # here, where a closed pipe is caught, and not at the very end
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # `seglab info | head` has seen enough; nothing more is printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, KeyError, ImportError) as error:
        # str() of a KeyError is quoted once more
        said = error.args[0] if isinstance(error, KeyError) else error
        print(f"seglab: {said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("seglab: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seglab",
        description="The package of the course book on image segmentation.",
    )
    parser.add_argument(
        "--version", action="version", version=seglab.__version__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser(
        "doctor", help="say what is installed, and what mends the rest"
    )
    check.set_defaults(run=_doctor)

    info = commands.add_parser(
        "info", help="models, weights and data of this version"
    )
    info.set_defaults(run=_info)

    getter = commands.add_parser("fetch", help="download data or weights")
    what = getter.add_mutually_exclusive_group(required=True)
    what.add_argument("names", nargs="*", default=[], metavar="NAME")
    what.add_argument(
        "--list",
        dest="run",
        action="store_const",
        const=_list,
        help="say what there is and how large it is",
    )
    getter.add_argument(
        "--folder", type=Path, help="where to put it (the cache folder)"
    )
    getter.set_defaults(run=_fetch)

    predict = commands.add_parser("predict", help="segment a picture")
    tasks = predict.add_subparsers(required=True, metavar="WHAT")
    lungs = tasks.add_parser(
        "lungs", help="the lungs in a frontal chest radiograph"
    )
    lungs.add_argument("file", type=Path, metavar="FILE")
    lungs.add_argument(
        "--out", type=Path, required=True, help="the mask, a .png"
    )
    lungs.add_argument(
        "--force", action="store_true", help="overwrite the mask"
    )
    lungs.set_defaults(run=_predict_lungs)
    _add_serve(commands)
    _add_score(commands)
    return parser


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser(
        "serve", help="answer pictures with masks, over HTTP"
    )
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument(
        "--workers", type=int, default=2, help="predictions at a time"
    )
    serve.add_argument(
        "--queue", type=int, default=16, help="uploads that may wait"
    )
    serve.set_defaults(run=_serve)


def _add_score(commands: Any) -> None:
    score = commands.add_parser(
        "score", help="segment every picture of a folder"
    )
    score.add_argument("folder", type=Path, metavar="FOLDER")
    score.add_argument(
        "--out",
        type=Path,
        required=True,
        help="a folder for masks and rows; an unfinished one is resumed",
    )
    score.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="of a Dask scheduler whose workers see both folders",
    )
    score.set_defaults(run=_score)


def _doctor(_: argparse.Namespace) -> int:
    return 0 if doctor.examine() else 1


def _info(_: argparse.Namespace) -> int:
    from seglab import weights
    from seglab.models.factory import MODELS

    print(f"seglab {seglab.__version__}")
    print(f"models: {', '.join(MODELS)}")
    print("weights:")
    for name, entry in sorted(weights.entries().items()):
        reached = ", ".join(f"{k} {v:.4g}" for k, v in entry.metric.items())
        print(f"  {name}: {entry.model}, {reached} ({entry.recipe})")
    print("data and weights to fetch:")
    return _list(_)


def _list(_: argparse.Namespace) -> int:
    for name, resource in CATALOG.items():
        print(f"  {name} ({_place(resource)}): {resource.about}")
    return 0


def _place(resource: Resource) -> str:
    folder = find(resource.name)
    return f"in {folder}" if folder else show_size(resource.size_bytes)


def _fetch(parsed: argparse.Namespace) -> int:
    unknown = [name for name in parsed.names if name not in CATALOG]
    if unknown:
        raise ValueError(
            f"NAME must be one of {', '.join(CATALOG)}, "
            f"got {', '.join(unknown)}"
        )
    for name in parsed.names:
        folder = fetch(name, folder=parsed.folder)
        print(f"{name}: in {folder}")
        print(f"  licence: {CATALOG[name].licence}")
        print(f"  cite: {CATALOG[name].citation}")
    return 0


def _predict_lungs(parsed: argparse.Namespace) -> int:
    source, out = parsed.file, parsed.out
    if out.suffix.lower() != ".png":
        raise ValueError(f"--out must end in .png, got {out}")
    if out.exists() and not parsed.force:
        raise FileExistsError(f"{out} exists: --force overwrites it")
    if out.resolve() == source.resolve():
        raise ValueError(f"--out must not be the radiograph itself: {out}")
    import numpy as np
    from PIL import Image

    from seglab import predict
    from seglab.files import replacing

    mask = predict.lungs(source)
    with replacing(out) as temporary:
        Image.fromarray(mask.astype(np.uint8) * 255).save(temporary)
    print(f"{out}: lungs cover {mask.mean():.1%} of the picture")
    return 0


def _serve(parsed: argparse.Namespace) -> int:
    from seglab.deploy.segmenter import lungs_segmenter
    from seglab.deploy.service import create_app
    from seglab.extras import optional

    uvicorn = optional("uvicorn", "the service", "deploy")
    app = create_app(
        lungs_segmenter, workers=parsed.workers, queue=parsed.queue
    )
    uvicorn.run(
        app,
        host=parsed.host,
        port=parsed.port,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=30,
        # connections that have sent no request yet cost little, not nothing
        limit_concurrency=4 * (parsed.workers + parsed.queue) + 64,
    )
    return 0


def _score(parsed: argparse.Namespace) -> int:
    from seglab.deploy import batch
    from seglab.deploy.segmenter import lungs_segmenter
    from seglab.extras import optional

    run: batch.Runner = batch.in_turn
    if parsed.cluster:
        distributed = optional("distributed", "a cluster", "cluster")
        run = batch.on_dask(distributed.Client(parsed.cluster))
    done = batch.score_folder(
        parsed.folder, parsed.out, lungs_segmenter, run=run
    )
    print(
        f"{parsed.out / batch.RESULTS}: {done.scored} scored, "
        f"{done.failed} failed, {done.skipped} done before"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
