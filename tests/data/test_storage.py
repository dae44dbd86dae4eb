"""Unpacking: whole or not at all, and never outside its folder."""

import hashlib
import stat
import zipfile

import pytest

from seglab.data.storage import (
    DownloadError,
    check_space,
    sha256_of,
    show_size,
    unpack_zip,
)


def pack(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_unpacks_and_leaves_litter_behind(tmp_path):
    archive = pack(
        tmp_path / "a.zip",
        {"Set/one.txt": "1", "__MACOSX/Set/._one": "", "Set/.DS_Store": ""},
    )
    unpack_zip(archive, tmp_path)
    found = sorted(p.name for p in tmp_path.rglob("*") if p != archive)
    assert found == ["Set", "one.txt"]


def test_a_second_time_replaces(tmp_path):
    (tmp_path / "Set").mkdir()
    (tmp_path / "Set" / "old.txt").write_text("old")
    unpack_zip(pack(tmp_path / "a.zip", {"Set/new.txt": "1"}), tmp_path)
    assert [p.name for p in (tmp_path / "Set").iterdir()] == ["new.txt"]


@pytest.mark.parametrize(
    "name",
    ["../out.txt", "/out.txt", "Set/../../out.txt", "..\\out.txt", "C:out"],
)
def test_refuses_to_write_outside(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    archive = pack(tmp_path / "a.zip", {"Set/one.txt": "1", name: "2"})
    with pytest.raises(DownloadError, match="outside its folder"):
        unpack_zip(archive, folder)
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "out.txt").exists()


def test_refuses_links(tmp_path):
    link = zipfile.ZipInfo("Set/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DownloadError, match="outside its folder"):
        unpack_zip(tmp_path / "a.zip", tmp_path)


def test_a_damaged_archive_leaves_nothing(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    archive = pack(tmp_path / "a.zip", {"a/1": "x" * 500, "b/2": "y" * 500})
    data = bytearray(archive.read_bytes())
    data[100] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(DownloadError, match=r"a\.zip is damaged"):
        unpack_zip(archive, folder)
    archive.write_bytes(data[:300])
    with pytest.raises(DownloadError, match=r"a\.zip is damaged"):
        unpack_zip(archive, folder)
    assert list(folder.iterdir()) == []


def test_space_is_checked_first(tmp_path):
    with pytest.raises(DownloadError, match="SEGLAB_CACHE"):
        check_space(tmp_path, 1 << 62)


def test_sizes_for_people():
    assert show_size(0) == "0 bytes"
    assert show_size(1023) == "1023 bytes"
    assert show_size(1 << 20) == "1.0 MiB"
    assert show_size(5 << 40) == "5120.0 GiB"


def test_hash_of_an_empty_file(tmp_path):
    (tmp_path / "e").touch()
    assert sha256_of(tmp_path / "e") == hashlib.sha256().hexdigest()
