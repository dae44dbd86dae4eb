"""Every built page as a reader's browser shows it, with no network."""

from __future__ import annotations

import contextlib
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from built import SITE, site_pages
from playwright.sync_api import TimeoutError

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(),
    reason="the site is not built: make book",
)
# index.html only leads on to the first page
PAGES = [path for path in site_pages() if path != SITE / "index.html"]
ROOT = SITE.parent.parent
CHAPTERS = [path for path in PAGES if path.parent.name == "chapters"]
PAGE_WIDTH = "document.scrollingElement.scrollWidth"
# elements beyond the right edge that are in no box of their own to scroll
STICKING_OUT = """
[...document.querySelectorAll('body *')].filter(
  e => e.getBoundingClientRect().right > 392 &&
  !e.closest('pre, table, .bd-sidebar-primary, .bd-sidebar-secondary')
).map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`)
"""


def name(path: Path) -> str:
    return str(path.relative_to(SITE))


@pytest.fixture(params=PAGES, ids=name)
def path(request) -> Path:
    return request.param


@cache
def parsed(path: Path) -> BeautifulSoup:
    """A page, parsed once for all tests of a process; none changes it."""
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.fixture
def soup(path) -> BeautifulSoup:
    return parsed(path)


def test_a_page_needs_no_network(path, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked, troubles = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda r: troubles.append(f"failed {r.url}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda message: (
            troubles.append(message.text)
            if message.type == "error"
            else None
        ),
    )
    page.route(re.compile(r"^(https?|wss?):"), lambda route: route.abort())
    page.goto(path.as_uri(), wait_until="load")
    equations = page.locator("span.math, div.math").count()
    if equations:
        page.wait_for_selector("mjx-container", timeout=20_000)
        page.wait_for_function(
            "document.querySelectorAll('mjx-container').length >= "
            f"{equations}",
            timeout=20_000,
        )
        assert page.locator("mjx-merror").count() == 0
    context.close()
    outside = [
        url for url in asked if not url.startswith(("file:", "data:"))
    ]
    assert outside == []
    assert troubles == []


def test_a_page_fits_a_phone(path, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(path.as_uri(), wait_until="load")
    # scripts and fonts move things after the page has loaded: what counts
    # is where it comes to rest
    with contextlib.suppress(TimeoutError):
        page.wait_for_function(f"{PAGE_WIDTH} <= 392", timeout=5_000)
    width, outside = page.evaluate(PAGE_WIDTH), page.evaluate(STICKING_OUT)
    context.close()
    assert width <= 392, outside


def test_equations_leave_room_for_their_numbers(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    for path in CHAPTERS:
        page.goto(path.as_uri(), wait_until="load")
        if not page.locator("div.math").count():
            continue
        page.wait_for_selector("div.math mjx-container", timeout=20_000)
        page.wait_for_timeout(500)
        too_wide = page.evaluate(
            "[...document.querySelectorAll('div.math mjx-math')]"
            ".filter(e => e.getBoundingClientRect().right > "
            "e.closest('div.math').getBoundingClientRect().right - 30)"
            ".map(e => e.closest('div.math').id)"
        )
        assert too_wide == [], path.name
    context.close()


def test_one_search_box_is_shown(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((SITE / "book/intro.html").as_uri(), wait_until="load")
    shown = [
        box
        for box in page.locator(
            "input[type=search], .search-button-field, "
            ".search-button__button"
        ).all()
        if box.is_visible()
    ]
    context.close()
    assert len(shown) == 1


def test_search_finds_a_word(browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto((SITE / "search.html").as_uri() + "?q=dice")
    page.wait_for_selector("#search-results li", timeout=20_000)
    assert page.locator("#search-results li").count() > 0
    context.close()


def test_figures_stand_on_white_in_the_dark(browser):
    pages = [path for path in PAGES if path.parent.name == "chapters"]
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    for path in pages:
        page.goto(path.as_uri(), wait_until="load")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        for image in page.locator("figure img").all()[:3]:
            style = "e => [getComputedStyle(e).backgroundColor, "
            style += "getComputedStyle(e).filter]"
            assert image.evaluate(style) == ["rgb(255, 255, 255)", "none"]
    context.close()


def test_every_picture_has_alt_text(soup):
    # the index pages fold their lists with a little picture of a minus
    for image in soup.select(".bd-article img:not(.toggler)"):
        alt = (image.get("alt") or "").strip()
        assert len(alt) > 10, image.get("src", "")[:80]
        assert not re.search(r"\.(png|svg)$|^_images", alt), alt


def test_links_within_the_site_lead_somewhere(path, soup):
    for link in soup.select("a[href], link[href], script[src], img[src]"):
        target = urlsplit(link.get("href") or link.get("src"))
        if target.scheme or target.netloc or not target.path:
            continue
        found = (path.parent / unquote(target.path)).resolve()
        assert found.exists(), target.geturl()


def test_nothing_is_fetched_from_elsewhere(soup):
    for tag in soup.select("script[src], link[rel=stylesheet], img[src]"):
        target = urlsplit(tag.get("src") or tag.get("href"))
        assert target.scheme in ("", "data"), target.geturl()


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_a_chapter_links_to_committed_notebooks(path):
    soup = parsed(path)
    colab = [
        a["href"]
        for a in soup.select("a[href*='colab.research.google.com']")
    ]
    assert any("/student/" in link for link in colab)
    for link in colab:
        committed = link.split("/blob/main/")[1]
        assert (ROOT / committed).exists(), link


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_a_chapter_is_executed_and_its_solutions_are_folded(path):
    soup = parsed(path)
    assert soup.select(".cell_output"), "no cell was executed"
    assert "ran in" in soup.select_one(".seglab-bar").get_text()
    for solution in soup.select("div.admonition.solution"):
        assert "dropdown" in solution["class"]


def test_numbers_follow_the_file_names():
    for path in CHAPTERS:
        soup = parsed(path)
        number = int(path.name[:2])
        for link in soup.select("a.left-prev, a.right-next"):
            if "_" in link["href"]:
                title = link.select_one(".prev-next-title").get_text()
                there = int(Path(link["href"]).name[:2])
                assert title.strip().startswith(f"{there}. "), title
        for caption in soup.select("figcaption .caption-number"):
            assert re.match(rf"Fig\. {number}\.\d+", caption.get_text())
