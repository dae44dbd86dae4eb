import pytest

from seglab.files import replacing


def test_a_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(RuntimeError), replacing(file) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]


def test_the_suffix_stays(tmp_path):
    with replacing(tmp_path / "deep" / "a.npz") as temporary:
        assert temporary.suffix == ".npz"
        temporary.write_text("new")
    assert (tmp_path / "deep" / "a.npz").read_text() == "new"
