"""A missing library is named with the extra that brings it."""

from __future__ import annotations

import pytest

from seglab.extras import optional


def test_the_module_itself_comes_back() -> None:
    import json.decoder

    assert optional("json.decoder", "this", "none") is json.decoder


def test_the_sentence_names_library_and_extra() -> None:
    with pytest.raises(ImportError) as caught:
        optional("no_such_thing.part", "reading films", "medical")
    assert str(caught.value) == (
        "reading films needs no_such_thing: pip install 'seglab[medical]'"
    )
