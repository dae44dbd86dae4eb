"""A warm kernel is a notebook's own, but for what is imported."""

from __future__ import annotations

import json
import sys
import time

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks"),
]
STATE = """
import json, os, sys
print(json.dumps({
    "folder": os.getcwd(),
    "scale": os.environ["SEGLAB_SCALE"],
    "warm": "torch" in sys.modules,
    "seglab": "seglab" in sys.modules,
    "inner": [p for p in sys.path if p.endswith(("tests", "tools"))],
    "names": [n for n in dir() if n in ("torch", "np", "plt", "seglab")],
}))
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    manager, client = start_new_kernel(
        kernel_name="warm", cwd=str(folder), startup_timeout=120
    )
    yield folder, manager, client
    client.stop_channels()
    manager.shutdown_kernel()
    assert not manager.is_alive()


def outputs(client, code):
    """The messages that a cell sends, but for those about its state."""
    seen = []
    client.execute_interactive(code, output_hook=seen.append, timeout=60)
    kinds = ("stream", "display_data", "error")
    return [message for message in seen if message["msg_type"] in kinds]


def test_only_imports_are_done(kernel):
    folder, _, client = kernel
    (printed,) = outputs(client, STATE)
    assert json.loads(printed["content"]["text"]) == {
        "folder": str(folder),
        "scale": "smoke",
        "warm": True,
        "seglab": False,
        "inner": [],
        "names": [],
    }


def test_figures_are_shown_and_are_small(kernel):
    *_, client = kernel
    code = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"
    (figure,) = outputs(client, code)
    wide = "<Figure size 640x480 with 1 Axes>"
    assert figure["content"]["data"]["text/plain"] == wide
    assert len(figure["content"]["data"]["image/png"]) < 20_000


def test_a_cell_can_be_interrupted(kernel):
    _, manager, client = kernel
    client.execute("import time; time.sleep(60)")
    time.sleep(0.5)
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=30)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
