"""Citations, and the list of references at a notebook's end."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from pybtex.backends.plaintext import Backend
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.richtext import Text

PLAIN = Backend()
VENUES = ("journal", "booktitle", "publisher", "howpublished", "school")


class Bibliography:
    """The works of a BibTeX file, read when the first is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _data(self) -> BibliographyData:
        if not self.path.exists():
            return BibliographyData()
        return parse_file(str(self.path), bib_format="bibtex")

    def __contains__(self, key: str) -> bool:
        return key in self._data.entries

    def authors(self, key: str) -> str:
        """One, two, or the first of several authors' names."""
        return _short_authors(self._data.entries[key])

    def year(self, key: str) -> str:
        """The year, with a letter where two works would look alike."""
        return self._years[key.lower()]

    @cached_property
    def _years(self) -> dict[str, str]:
        entries = self._data.entries
        looks = {
            key: (_short_authors(entry), _field(entry, "year"))
            for key, entry in entries.items()
        }
        shared = Counter(looks.values())
        used: Counter[tuple[str, str]] = Counter()
        years: dict[str, str] = {}
        for key in sorted(looks):
            look = looks[key]
            letter = string.ascii_lowercase[used[look]]
            years[key.lower()] = look[1] + letter * (shared[look] > 1)
            used[look] += 1
        return years

    def listed(self, keys: Iterable[str]) -> str:
        """A Markdown list of these works, in the order of their authors."""
        ordered = sorted(
            set(keys),
            key=lambda k: (self.authors(k).lower(), self.year(k), k),
        )
        return "\n".join(f"- {self._entry(key)}" for key in ordered)

    def _entry(self, key: str) -> str:
        entry = self._data.entries[key]
        title = _field(entry, "title").rstrip(".")
        parts = [f"{_all_authors(entry)} ({self.year(key)}).", f"{title}."]
        venue = next(
            (_field(entry, v) for v in VENUES if v in entry.fields), ""
        )
        if venue:
            parts.append(f"*{venue}*{_issue(entry)}.")
        address = _address(entry)
        if address:
            parts.append(f"<{address}>")
        return " ".join(parts)


def _plain(latex: str) -> str:
    # render_as("text") would search all installed plugins at every call
    return str(Text.from_latex(latex).render(PLAIN))


def _field(entry: Entry, name: str) -> str:
    value = str(entry.fields.get(name, ""))
    return _plain(" ".join(value.split()))


def _family_names(entry: Entry) -> list[str]:
    people = (
        entry.persons.get("author") or entry.persons.get("editor") or []
    )
    return [
        _plain(" ".join([*p.prelast_names, *p.last_names])) for p in people
    ]


def _short_authors(entry: Entry) -> str:
    names = _family_names(entry)
    if not names:
        return _field(entry, "organization") or _field(entry, "title")
    if len(names) > 2 or "others" in names:
        return f"{names[0]} et al."
    return " and ".join(names)


def _all_authors(entry: Entry) -> str:
    people = (
        entry.persons.get("author") or entry.persons.get("editor") or []
    )
    names = []
    for person, family in zip(people, _family_names(entry), strict=True):
        given = [*person.first_names, *person.middle_names]
        initials = " ".join(f"{_plain(g)[:1]}." for g in given if g)
        names.append(f"{family}, {initials}" if initials else family)
    if not names:
        return _short_authors(entry)
    if names[-1] == "others":
        return ", ".join(names[:-1]) + " et al."
    return " and ".join(
        [", ".join(names[:-1]), names[-1]][len(names) < 2 :]
    )


def _issue(entry: Entry) -> str:
    volume, number = _field(entry, "volume"), _field(entry, "number")
    pages = _field(entry, "pages")
    text = f", {volume}" if volume else ""
    text += f"({number})" if volume and number else ""
    return text + (f", {pages}" if pages else "")


def _address(entry: Entry) -> str:
    doi = str(entry.fields.get("doi", ""))
    if doi:
        return f"https://doi.org/{doi}"
    return str(entry.fields.get("url", ""))
