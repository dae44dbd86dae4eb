"""Downloads from a server on this machine that misbehaves on request."""

import contextlib
import hashlib
import io
import multiprocessing
import re
import socket
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seglab.data import download
from seglab.data.catalog import RemoteFile, Resource
from seglab.data.download import (
    DownloadError,
    OfflineError,
    download_file,
    download_resource,
)

DATA = bytes(range(256)) * 400
SIZE = len(DATA)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    body = DATA
    ranges = True
    cut_after: int | None = None
    cuts = 0
    always_cut = False
    says_length = True
    status = 200
    delay = 0.0

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    def url(self, name="file.bin"):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = 0
        if asked and server.ranges:
            start = int(re.match(r"bytes=(\d+)-", asked)[1])
            if start >= len(server.body):
                self.send_error(416)
                return
        time.sleep(server.delay)
        self.send(server, start)

    def send(self, server, start):
        body = server.body[start:]
        self.send_response(206 if start else 200)
        if start:
            end = len(server.body) - 1
            self.send_header(
                "Content-Range", f"bytes {start}-{end}/{end + 1}"
            )
        if server.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cut_after and (server.cuts or server.always_cut):
            server.cuts -= 1
            body = body[: server.cut_after]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(
            target=running.serve_forever, args=(0.01,)
        )
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def remote(server, size=SIZE, sha256=SHA256, name="file.bin"):
    return RemoteFile(name, server.url(name), size, sha256)


def closed_port():
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_a_whole_file_arrives(server, tmp_path, capsys):
    path = download_file(remote(server), tmp_path)
    assert path.read_bytes() == DATA
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]
    # no progress bar where nobody watches
    assert capsys.readouterr() == ("", "")


def test_a_cut_line_goes_on_by_itself(server, tmp_path):
    server.cut_after, server.cuts = 30000, 2
    path = download_file(remote(server), tmp_path)
    assert path.read_bytes() == DATA
    assert server.asked == [None, "bytes=30000-", "bytes=60000-"]


def test_a_later_run_goes_on(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(DATA[:1000])
    assert download_file(remote(server), tmp_path).read_bytes() == DATA
    assert server.asked == ["bytes=1000-"]


@pytest.mark.parametrize("size", [SIZE, None])
def test_a_part_that_is_whole_needs_no_bytes(server, tmp_path, size):
    (tmp_path / "file.bin.part").write_bytes(DATA)
    path = download_file(remote(server, size), tmp_path)
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("size", [SIZE, None])
def test_a_part_that_is_too_long_begins_again(server, tmp_path, size):
    (tmp_path / "file.bin.part").write_bytes(DATA + b"more")
    path = download_file(remote(server, size), tmp_path)
    assert path.read_bytes() == DATA


def test_a_server_without_ranges_begins_again(server, tmp_path):
    server.ranges = False
    (tmp_path / "file.bin.part").write_bytes(DATA[:1000])
    assert download_file(remote(server), tmp_path).read_bytes() == DATA


def test_a_server_without_lengths(server, tmp_path):
    server.says_length = False
    path = download_file(remote(server, size=None), tmp_path)
    assert path.read_bytes() == DATA


def test_a_wrong_hash_keeps_nothing(server, tmp_path):
    server.body = DATA[:-1] + b"!"
    with pytest.raises(DownloadError, match="the file was removed"):
        download_file(remote(server), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_size_is_refused_before_the_download(server, tmp_path):
    server.body = DATA[:-1]
    with pytest.raises(DownloadError, match="102399 bytes long, not"):
        download_file(remote(server), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_always_stops_early(server, tmp_path):
    server.ranges, server.cut_after, server.always_cut = False, 5000, True
    with pytest.raises(DownloadError, match=r"4\.9 KiB are kept"):
        download_file(remote(server), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin.part"]


def test_a_file_that_moved(server, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match=r"answers 404 .*moved"):
        download_file(remote(server), tmp_path)


def test_a_full_disk_is_said_before(server, tmp_path, monkeypatch):
    def nothing_free(folder, needed_bytes):
        raise DownloadError(f"{needed_bytes} are needed")

    monkeypatch.setattr(download, "check_space", nothing_free)
    (tmp_path / "file.bin.part").write_bytes(DATA[:400])
    with pytest.raises(DownloadError, match="102000 are needed"):
        download_file(remote(server), tmp_path)


def test_offline_is_said_at_once(tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/file.bin"
    entry = Resource(
        "x",
        (RemoteFile("file.bin", url, None, None),),
        "l",
        "c",
        "a",
        otherwise="python tools/install.py scan",
    )
    with pytest.raises(OfflineError) as caught:
        download_resource(entry, tmp_path)
    assert str(caught.value) == (
        "x: 127.0.0.1 cannot be reached: connect this machine to the "
        "network and run it again; or run: python tools/install.py scan"
    )


def test_a_silent_name_server_does_not_hold_us(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(download, "_knock", lambda *a: time.sleep(1))
    with pytest.raises(OfflineError):
        download.check_reachable("http://127.0.0.1/file.bin")


def test_behind_a_proxy_the_proxy_is_asked(server, monkeypatch):
    for proxy in (server.url(""), f"127.0.0.1:{server.server_port}"):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        download.check_reachable("http://nowhere.invalid/file.bin")


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return buffer.getvalue()


def archive_entry(server, unpacked=("Set",)):
    file = remote(server, None, None, "a.zip")
    return Resource("x", (file,), "l", "c", "a", unpacked=unpacked)


def test_an_archive_is_unpacked_and_its_hash_recorded(
    server, tmp_path, capsys
):
    server.body = zipped("Set/one.txt")
    sha256 = hashlib.sha256(server.body).hexdigest()
    entry = archive_entry(server)
    download_resource(entry, tmp_path)
    assert entry.is_complete(tmp_path)
    assert not (tmp_path / "a.zip").exists()
    assert (tmp_path / "SHA256SUMS").read_text() == f"{sha256}  a.zip\n"
    said = capsys.readouterr().out
    assert "size unknown, from 127.0.0.1" in said
    assert "nothing was compared" in said and sha256 in said


def test_a_recorded_hash_is_compared_the_next_time(server, tmp_path):
    server.body = zipped("Set/one.txt")
    entry = archive_entry(server)
    download_resource(entry, tmp_path)
    (tmp_path / "Set" / "one.txt").unlink()
    (tmp_path / "Set").rmdir()
    server.body = zipped("Set/two.txt")
    with pytest.raises(DownloadError, match=r"x: .* has sha256"):
        download_resource(entry, tmp_path)


def test_a_damaged_archive_is_neither_kept_nor_recorded(server, tmp_path):
    server.body = zipped("Set/one.txt")[:-30]
    entry = archive_entry(server)
    with pytest.raises(DownloadError, match="damaged"):
        download_resource(entry, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] in ([".lock"], [])
    server.body = zipped("Set/one.txt")
    download_resource(entry, tmp_path)
    assert entry.is_complete(tmp_path)


def test_an_archive_waits_for_space(server, tmp_path, monkeypatch):
    def full(*args):
        raise DownloadError("full")

    server.body = zipped("Set/one.txt")
    entry = archive_entry(server)
    with monkeypatch.context() as patch:
        patch.setattr(download, "unpack_zip", full)
        with pytest.raises(DownloadError, match="full"):
            download_resource(entry, tmp_path)
    download_resource(entry, tmp_path)
    assert entry.is_complete(tmp_path)
    assert len(server.asked) == 1


def test_a_repacked_archive_is_said(server, tmp_path):
    server.body = zipped("Other/one.txt")
    with pytest.raises(DownloadError, match="lacks one of Set"):
        download_resource(archive_entry(server), tmp_path)


def test_only_what_is_missing_is_downloaded(server, tmp_path):
    files = tuple(remote(server, name=name) for name in ("a", "b"))
    (tmp_path / "a").write_bytes(DATA)
    entry = Resource("x", files, "l", "c", "a")
    download_resource(entry, tmp_path)
    assert entry.is_complete(tmp_path)
    assert len(server.asked) == 1
    download_resource(entry, tmp_path)
    assert len(server.asked) == 1


def test_two_processes_download_once(server, tmp_path):
    server.delay = 0.5
    entry = Resource("x", (remote(server),), "l", "c", "a")
    context = multiprocessing.get_context("spawn")
    both = [
        context.Process(target=download_resource, args=(entry, tmp_path))
        for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert len(server.asked) == 1
    assert (tmp_path / "file.bin").read_bytes() == DATA
