import asyncio
import threading
import time

import pytest
from deploy_cases import bright_segmenter, encoded, grey

from seglab.deploy.desk import Desk
from seglab.deploy.segmenter import Segmenter
from seglab.deploy.uploads import Limits, UploadError


def opened(load, *, workers=1, queue=0):
    desk = Desk(load, Limits(), workers, queue)
    desk.open()
    latest = time.monotonic() + 30
    while desk.segmenter is None and desk.failure is None:
        assert time.monotonic() < latest
        time.sleep(0.005)
    return desk


def test_places_are_given_back():
    desk = opened(bright_segmenter, queue=1)
    for _ in range(5):
        with desk.place(), desk.place():
            with pytest.raises(UploadError, match="all places") as refused:
                desk.place().__enter__()
            assert refused.value.status == 503
        with pytest.raises(KeyError), desk.place():
            raise KeyError
    desk.close()


def test_nobody_enters_before_the_network_is_there():
    go_on = threading.Event()

    def load():
        go_on.wait(30)
        return bright_segmenter()

    desk = Desk(load, Limits(), 1, 1)
    desk.open()
    with pytest.raises(UploadError, match="not loaded") as refused:
        desk.place().__enter__()
    assert refused.value.status == 503
    go_on.set()
    desk.close()


def test_a_network_that_fails_its_first_picture_is_not_there():
    def broken(images):
        raise RuntimeError("no such operator")

    desk = opened(lambda: Segmenter(broken, side=8))
    assert desk.failure == "RuntimeError: no such operator"
    assert desk.segmenter is None
    desk.close()


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_than_the_workers_work(workers):
    working, most = [], []
    lock = threading.Lock()

    def network(images):
        with lock:
            working.append(1)
            most.append(len(working))
        time.sleep(0.02)
        with lock:
            working.pop()
        return images - 0.5

    desk = opened(
        lambda: Segmenter(network, side=8), workers=workers, queue=20
    )
    data = encoded(grey())

    async def many():
        return await asyncio.gather(
            *(desk.segment(data, "png") for _ in range(9))
        )

    answers = asyncio.run(many())
    assert len({body for body, _, _ in answers}) == 1
    assert max(most) == workers
    desk.close()


@pytest.mark.parametrize(("workers", "queue"), [(0, 4), (1, -1)])
def test_wrong_arguments(workers, queue):
    with pytest.raises(ValueError, match="workers must be 1 or more"):
        Desk(bright_segmenter, Limits(), workers, queue)
