import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import nbformat
import pytest

from tlcourse.course.glossary import glossary, linked, write_glossary
from tlcourse.course.site import MODULES, assemble, make_site
from tlcourse.course.sources import both_volumes, lessons

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def edition(*texts):
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    picture = nbformat.v4.new_output("display_data", {"image/png": PIXEL})
    cells.append(nbformat.v4.new_code_cell("draw()", outputs=[picture]))
    return nbformat.v4.new_notebook(cells=cells)


def entries(*texts, words):
    (lesson,) = lessons(["01"])
    return glossary([(lesson, edition(*texts))], words)


def test_a_word_is_taken_where_it_is_first_in_bold_with_its_picture():
    (entry,) = entries("A head.\n\nThe new **head** is\none layer.", "A **head** again.", words={"head": 1})
    assert entry.text == "The new **head** is one layer."
    assert (entry.lesson, entry.place) == ("01 · Feature extraction", "notebooks/01_feature_extraction.ipynb")
    assert entry.picture.startswith(b"\x89PNG")


def test_without_a_picture_the_code_that_follows_is_the_example(tmp_path):
    (entry,) = entries("The new **head** is one layer.", "More.", words={"head": None})
    assert (entry.picture, entry.code) == (None, "draw()")
    write_glossary([entry], tmp_path)
    assert "one layer.\n\n```python\ndraw()\n```\n" in (tmp_path / "glossary.md").read_text()


def test_a_word_or_a_picture_that_no_lesson_has_is_named():
    with pytest.raises(ValueError, match="No lesson prints tail in bold"):
        entries("A **head**.", words={"tail": None})
    with pytest.raises(ValueError, match="has 1 pictures; 'head' wants 2"):
        entries("A **head**.", words={"head": 2})


def test_the_first_use_leads_to_the_glossary_and_nothing_protected_does():
    found = entries("A **left-out error**.", words={"left-out error": None})
    protected = "# Left-out error\n\n`left-out error`, [a left-out error](x.md), $left-out error$, overleft-out error."
    text = f"{protected} The left-out error."
    book = linked(edition(text, "A left-out error."), found, "../")
    assert book.cells[0].source == f"{protected} The [left-out error](../glossary.md#left-out-error)."
    assert book.cells[1].source == "A left-out error."
    assert linked(edition("[All](../README.md#all)."), found, "../").cells[0].source == "[All](../index.md#all)."


def test_the_page_has_words_pictures_and_the_way_to_the_lesson(tmp_path):
    write_glossary(entries("The **head**.", words={"head": 1}), tmp_path, after="## Symbols")
    page = (tmp_path / "glossary.md").read_text()
    assert "## Head\n\nThe **head**.\n\n![](figures/head.png)\n" in page
    assert "[Lesson 01 · Feature extraction](notebooks/01_feature_extraction.ipynb)" in page
    assert page.endswith("## Symbols")
    assert (tmp_path / "figures" / "head.png").is_file()


def test_the_site_holds_every_lesson_its_deeper_every_module_and_no_link_to_code(tmp_path):
    assemble(tmp_path / "site")
    for source in both_volumes():
        assert (
            tmp_path / "site" / "notebooks" / source.edition.relative_to(source.edition.parents[source.deeper])
        ).is_file()
    assert {path.stem for path in (tmp_path / "site" / "reference").glob("*.md")} == {*MODULES, "index"}
    index = (tmp_path / "site" / "index.md").read_text()
    assert "](tlcourse/" not in index and "notebooks/06_negative_transfer" in index.split("toctree", 1)[1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*deprecated")  # Sphinx's, of its own extensions
def test_in_a_browser_pages_open_a_word_is_found_and_a_link_leads_on(tmp_path):
    browsers = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on this machine")
    make_site(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with browsers.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page, failures = browser.new_page(), []
        page.on("pageerror", lambda error: failures.append((str(error), "")))
        page.on("requestfailed", lambda request: failures.append((request.url, request.failure)))
        titles = {
            "index": "tlcourse",
            "notebooks/00_start_here": "00 · Start here",
            "notebooks/deeper/06_negative_transfer": "06 Deeper",
            "glossary": "Glossary",
            "reference/transferability": "transferability",
        }
        for place, title in titles.items():
            page.goto(f"{address}/{place}.html")
            assert title in page.locator("h1").first.inner_text()
        page.goto(f"{address}/search.html?q=LogME")
        page.locator("#search-results li a").first.wait_for()
        assert page.locator("#search-results li").count() > 1
        page.goto(f"{address}/notebooks/05_sentiment.html")
        page.locator("article a[href*='glossary.html#lora']").first.click()
        page.locator("#lora").first.wait_for()
        assert page.url.endswith("glossary.html#lora")
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"{address}/notebooks/06_negative_transfer.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    server.shutdown()
    left = "net::ERR_ABORTED"  # search still reads excerpts when its page is left
    assert not [failure for failure in failures if failure[1] != left]
