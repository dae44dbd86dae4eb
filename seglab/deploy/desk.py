"""One worker of the service: who may come in, who waits, who works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from seglab.deploy.answers import ENCODERS
from seglab.deploy.counters import Counters
from seglab.deploy.segmenter import Segmentation, Segmenter
from seglab.deploy.uploads import Limits, UploadError, decode

_LOG = logging.getLogger(__name__)


class Desk:
    """Who may come in, who waits, and who works.

    Args:
        load: gives the segmenter; called once, in a thread.
        limits: of each upload.
        workers: predictions at a time, each in a thread.
        queue: uploads that may be read or wait besides.

    Raises:
        ValueError: no worker, or a queue below 0.
    """

    def __init__(
        self,
        load: Callable[[], Segmenter],
        limits: Limits,
        workers: int,
        queue: int,
    ) -> None:
        if workers < 1 or queue < 0:
            raise ValueError(
                "workers must be 1 or more and queue 0 or more, got "
                f"{workers} and {queue}"
            )
        self.limits, self.counters = limits, Counters()
        self.segmenter: Segmenter | None = None
        self.failure: str | None = None
        self._load = load
        self._places = workers + queue
        self._present = 0
        # as many threads as workers: this is what bounds the work
        self._pool = ThreadPoolExecutor(workers, "segment")

    def open(self) -> None:
        """Load the network, in a thread, and run it once."""
        self._pool.submit(self._prepare)

    def close(self) -> None:
        """Finish what is being worked on."""
        self._pool.shutdown(cancel_futures=True)

    def _prepare(self) -> None:
        try:
            segmenter = self._load()
            segmenter(np.zeros((8, 8), np.uint8))
            self.segmenter = segmenter
        # whatever it is, /ready and /health must tell it
        except Exception as error:
            _LOG.exception("the network cannot be loaded")
            self.failure = f"{type(error).__name__}: {error}"

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one request, from its first byte to its answer.

        Raises:
            UploadError: 503 if there is no network yet or no place left.
        """
        if self.segmenter is None:
            raise UploadError(503, "the network is not loaded yet")
        if self._present >= self._places:
            raise UploadError(503, "all places are taken: try again")
        # only the event loop's one thread comes here
        self._present += 1
        self.counters.present.inc()
        try:
            yield
        finally:
            self._present -= 1
            self.counters.present.dec()

    async def segment(
        self, data: bytes, form: str
    ) -> tuple[bytes, str, Segmentation]:
        """Decode, segment and encode in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, self._work, data, form
        )

    def _work(
        self, data: bytes, form: str
    ) -> tuple[bytes, str, Segmentation]:
        assert self.segmenter is not None
        found = self.segmenter(decode(data, self.limits))
        self.counters.segmented(found)
        return *ENCODERS[form](found), found
