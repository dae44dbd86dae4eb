"""A Hugging Face hub on this machine, for its own client to talk to."""

import hashlib
import http.server

import pytest
import torch
from safetensors.torch import save

COMMIT = "a" * 40


class FakeHub:
    """Repositories of one file each, and what was asked of them.

    ``files`` maps (repository, file name) to (bytes, hash stated).
    """

    def __init__(self):
        self.files = {}
        self.asked = []
        self.url = ""

    def publish(self, repository, state, *, name=None, stated=None):
        """Hold a state dict; returns its true sha256."""
        if name is None:
            name = "model.safetensors"
            content = save({k: v.contiguous() for k, v in state.items()})
        else:
            torch.save(state, whole := _Bytes())
            content = whole.content
        sha256 = hashlib.sha256(content).hexdigest()
        self.files[repository, name] = content, stated or sha256
        return sha256


class _Bytes:
    """What torch.save needs of a file."""

    def __init__(self):
        self.content = b""

    def write(self, chunk):
        self.content += bytes(chunk)

    def flush(self):
        pass


def handler_for(hub):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer()

        def do_GET(self):
            content = self.answer()
            if content is not None:
                self.wfile.write(content)

        def answer(self):
            found = None
            repository, is_file, rest = self.path[1:].partition("/resolve/")
            # the client has questions of its own besides
            if is_file:
                hub.asked.append(f"{self.command} {self.path}")
                name = rest.partition("/")[2]
                found = hub.files.get((repository, name))
            self.send_response(404 if found is None else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            if found is None:
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            content, sha256 = found
            self.send_header("X-Linked-Etag", f'"{sha256}"')
            self.send_header("X-Linked-Size", str(len(content)))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            return content

    return Handler


def go_to(monkeypatch, url):
    """Let the client take this address for the hub's."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
