import asyncio
import io
import json
import re
import sys
import threading
import time

import httpx2 as httpx
import numpy as np
import pytest
from deploy_cases import bright_segmenter, encoded, grey, malformed
from fastapi.testclient import TestClient
from PIL import Image

from seglab.data.formats.rle import decode_coco
from seglab.deploy.segmenter import Segmenter
from seglab.deploy.service import PAGE, create_app
from seglab.deploy.uploads import Limits

LIMITS = Limits(max_bytes=50_000, max_pixels=40_000, max_side=9_000)


def wait_until_ready(client):
    latest = time.monotonic() + 30
    while client.get("/ready").status_code != 200:
        assert time.monotonic() < latest
        time.sleep(0.01)


@pytest.fixture(scope="module")
def client():
    app = create_app(bright_segmenter, limits=LIMITS)
    with TestClient(app) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture(scope="module")
def generous():
    """The default limits, for what must be refused by its contents."""
    with TestClient(create_app(bright_segmenter)) as client:
        wait_until_ready(client)
        yield client


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_mask_as_png(client, kind):
    answer = client.post("/predict", content=encoded(grey(), kind))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    mask = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert mask.shape == grey().shape and set(mask.flat) == {0, 255}
    share = float(answer.headers["x-foreground-share"])
    assert share == pytest.approx((mask > 0).mean(), abs=1e-6)
    assert 0.5 <= float(answer.headers["x-confidence"]) <= 1


def test_every_form_holds_the_same_mask(client):
    data = encoded(grey())
    answers = {
        form: client.post(f"/predict?as={form}", content=data)
        for form in ("png", "rle", "polygons")
    }
    mask = np.asarray(Image.open(io.BytesIO(answers["png"].content))) > 0
    assert mask.any()
    rle = answers["rle"].json()
    np.testing.assert_array_equal(decode_coco(rle["mask"]), mask)
    features = answers["polygons"].json()["features"]
    area = sum(feature["properties"]["area"] for feature in features)
    assert area == mask.sum()


def test_a_form_with_a_file(client):
    data = encoded(grey())
    wanted = client.post("/predict", content=data).content
    files = {"file": ("film.png", data, "image/png")}
    answer = client.post("/predict", files=files)
    assert answer.status_code == 200 and answer.content == wanted


@pytest.mark.parametrize(
    ("data", "status"),
    [pytest.param(d, s, id=name) for name, d, s in malformed()],
)
@pytest.mark.parametrize("in_form", [False, True], ids=["body", "form"])
def test_a_bad_picture_is_a_clear_refusal(generous, data, status, in_form):
    sent = {"files": {"file": ("a.png", data)}} if in_form else {}
    answer = generous.post("/predict", **(sent or {"content": data}))
    assert answer.status_code == status
    detail = answer.json()["detail"]
    assert 10 < len(detail) < 300 and "Traceback" not in detail


@pytest.mark.parametrize("size", [50_001, 99_999, 100_001, 2_000_000])
def test_too_many_bytes(client, size):
    answer = client.post("/predict", content=bytes(size))
    assert answer.status_code == 413
    assert "50000 bytes at most" in answer.json()["detail"]
    files = {"file": ("a.png", bytes(size))}
    assert client.post("/predict", files=files).status_code == 413


def test_an_endless_body_without_a_length(client):
    sent = []

    def endless():
        while len(sent) < 1000:
            sent.append(1)
            yield bytes(1000)

    answer = client.post("/predict", content=endless())
    assert answer.status_code == 413


FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: a; name="file"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"--x", 400),
        (FORM, b"", 422),
        (FORM, b"no boundary", 400),
        (FORM, b"--x\r\nContent-Disposition: form-data\r\n\r\na", 400),
        (FORM, PART, 422),
        # a field of that name, and no file
        (FORM, PART + b"ab\r\n--x--", 422),
    ],
)
def test_bad_forms(client, kind, body, status):
    answer = client.post(
        "/predict", content=body, headers={"content-type": kind}
    )
    assert answer.status_code == status
    assert "form" in answer.json()["detail"]


def test_a_form_of_other_fields_and_of_many_files(client):
    files = {"picture": ("a.png", encoded(grey()))}
    answer = client.post("/predict", files=files)
    assert answer.status_code == 422
    assert "a file named 'file'" in answer.json()["detail"]
    many = [("file", ("a.png", encoded(grey()))) for _ in range(2)]
    assert client.post("/predict", files=many).status_code == 400
    fields = {f"f{n}": "1" for n in range(20)}
    answer = client.post("/predict", files=files, data=fields)
    assert answer.status_code == 400


def test_wrong_addresses_and_words(client):
    data = encoded(grey())
    assert client.post("/predict?as=gif", content=data).status_code == 422
    assert client.get("/predict").status_code == 405
    assert client.get("/none").status_code == 404


def test_the_service_goes_on_after_all_that(client):
    answer = client.post("/predict", content=encoded(grey()))
    assert answer.status_code == 200
    assert client.get("/health").json() == {"status": "alive"}
    text = client.get("/metrics").text
    assert "seglab_present 0.0" in text
    counted = re.findall(r'seglab_requests_total{status="(\d+)"}', text)
    assert {"200", "400", "413", "422"} <= set(counted)


def test_it_is_ready_when_the_network_is_loaded():
    go_on = threading.Event()

    def load():
        go_on.wait(30)
        return bright_segmenter()

    with TestClient(create_app(load)) as client:
        early = client.get("/ready")
        assert early.status_code == 503
        assert early.json() == {"status": "loading"}
        assert client.get("/health").status_code == 200
        refused = client.post("/predict", content=encoded(grey()))
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        go_on.set()
        wait_until_ready(client)
        late = client.post("/predict", content=encoded(grey()))
        assert late.status_code == 200


def test_a_network_that_cannot_be_loaded_is_told():
    def load():
        raise ValueError("the file is damaged")

    with TestClient(create_app(load)) as client:
        latest = time.monotonic() + 30
        while client.get("/health").status_code == 200:
            assert time.monotonic() < latest
            time.sleep(0.01)
        said = client.get("/ready")
        assert said.status_code == 503
        assert "the file is damaged" in said.json()["status"]


def test_a_full_service_says_so_and_recovers():
    go_on = threading.Event()

    def network(images):
        # the first picture is the service's own
        if images.max() > 0:
            go_on.wait(30)
        return images - 0.5

    app = create_app(lambda: Segmenter(network, side=8), workers=1, queue=2)

    async def crowd():
        app.state.desk.open()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://service"
        ) as client:
            while (await client.get("/ready")).status_code != 200:
                await asyncio.sleep(0.01)
            data = encoded(grey())
            sent = [
                asyncio.create_task(client.post("/predict", content=data))
                for _ in range(8)
            ]
            refused = 0
            for answer in asyncio.as_completed(sent):
                one = await answer
                refused += one.status_code == 503
                if one.status_code == 503:
                    assert one.headers["retry-after"] == "1"
                # five find no place; only then do the others go on
                if refused == 5:
                    go_on.set()
            codes = [task.result().status_code for task in sent]
            again = await client.post("/predict", content=data)
            return sorted(codes), again.status_code

    assert asyncio.run(crowd()) == ([200] * 3 + [503] * 5, 200)
    app.state.desk.close()


def test_the_page_needs_nothing_from_elsewhere(client):
    answer = client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.content == PAGE.read_bytes()
    assert not re.search(rb"https?:|src=|@import", answer.content)
    assert len(answer.content) < 5000


def test_the_description_names_the_body(client):
    said = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert "image/png" in said["requestBody"]["content"]
    assert said["parameters"][0]["name"] == "as"
    assert json.dumps(said)


@pytest.mark.parametrize("library", ["fastapi", "python_multipart"])
def test_the_error_names_the_extra(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=r"seglab\[deploy\]"):
        create_app(bright_segmenter)
