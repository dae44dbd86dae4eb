"""Where the built site lies and which pages a reader can open."""

from __future__ import annotations

from pathlib import Path

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"


def site_pages() -> list[Path]:
    """Every page that a reader can open, but the raw sources."""
    return [
        path
        for path in sorted(SITE.rglob("*.html"))
        if not {"_static", "_sources"} & set(path.parts)
    ]
