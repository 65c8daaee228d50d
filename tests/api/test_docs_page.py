"""The page that shows the API: whole in itself, and with nothing else let in."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.architecture.source import ROOT
from tests.support.caller import Answer
from tests.support.server import RunningServer

STATIC = ROOT / "src/cordboard/edge/api/static"


@pytest.fixture
def page(sqlite_server: RunningServer) -> Answer:
    return sqlite_server.wire().exchange("GET", "/docs", [], None)


def policy(page: Answer) -> dict[str, list[str]]:
    """Return the directives of the content security policy."""
    directives = page.headers["content-security-policy"].split(";")
    return {name: values for name, *values in (directive.split() for directive in directives)}


def inline(page: Answer, element: str) -> list[str]:
    """Return the content of every element of a kind."""
    return re.findall(rf"<{element}>(.*?)</{element}>", page.body.decode(), re.DOTALL)


def test_the_page_is_public_and_html(page: Answer) -> None:
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body.startswith(b"<!doctype html>")


def test_nothing_runs_on_the_page_but_its_own_style_and_script(page: Answer) -> None:
    said = policy(page)
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        (content,) = inline(page, element)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert said[directive] == [f"'sha256-{digest}'"]
    assert said["default-src"] == ["'none'"]
    assert said["connect-src"] == ["'self'"]
    for closed in ("base-uri", "form-action", "frame-ancestors"):
        assert said[closed] == ["'none'"]


def test_the_page_is_kept_from_frames_sniffing_and_referrers(page: Answer) -> None:
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-cache"


def test_the_page_needs_nothing_from_elsewhere(page: Answer) -> None:
    text = page.body.decode()
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", text) == []
    assert re.findall(r"https?://", text) == []
    assert set(re.findall(r"fetch\((.+?)[,)]", text)) == {'"/openapi.json"', "url"}


def test_the_page_puts_in_what_it_reads_as_text_never_as_markup(page: Answer) -> None:
    (script,) = inline(page, "script")
    for way_in in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way_in not in script
    assert re.findall(r"\son\w+=", page.body.decode()) == []


def test_the_key_pair_is_kept_in_memory_only(page: Answer) -> None:
    text = page.body.decode()
    for store in ("localStorage", "sessionStorage", "indexedDB", "cookie"):
        assert store not in text


def test_every_element_that_the_script_asks_for_is_on_the_page(page: Answer) -> None:
    text = page.body.decode()
    asked = set(re.findall(r'byId\("([\w-]+)"\)', text))
    ids = re.findall(r'\sid="([\w-]+)"', text)
    assert asked <= set(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", ["docs.html", "docs.css", "docs.js"])
def test_a_part_of_the_page_can_be_read_in_one_sitting(name: str) -> None:
    assert len((STATIC / name).read_text("utf-8").splitlines()) <= 400
