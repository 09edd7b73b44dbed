"""The site is built without a network and read without one, and no link leads nowhere."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from bs4 import BeautifulSoup
from docutils.nodes import make_id

from proxies.composed.ensemble import ENSEMBLE
from proxies.composed.root import ROOT
from proxies.registry import PROXIES
from search.allocation.registry import ALLOCATORS
from search.cli.flags import Flags
from search.cli.rankscape import COMMANDS
from search.compare.peft_configs import REFEREES
from search.live.pruning import PRUNERS
from search.methods.registry import METHODS, policy_of
from search.sampling.samplers import SAMPLERS

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
ABROAD = re.compile(r"^(https?:)?//")


@pytest.fixture(scope="session")
def pages(site) -> dict[str, BeautifulSoup]:
    """Every page, by its path in the site."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


def test_a_page_loads_nothing_from_elsewhere(site, pages):
    loaded = {
        (page, tag.name, tag[attribute])
        for page, soup in pages.items()
        for name, attribute in LOADED.items()
        for tag in soup.find_all(name, {attribute: ABROAD})
    }
    styles = [
        path.name
        for path in site.rglob("*.css")
        if re.search(r"(url\(|@import)\W*(https?:)?//", path.read_text())
    ]
    assert (loaded, styles) == (set(), [])


def test_every_link_within_the_site_leads_somewhere(site, pages):
    ids = {page: {tag["id"] for tag in soup.find_all(id=True)} for page, soup in pages.items()}
    lost = []
    for page, soup in pages.items():
        for tag in soup.find_all(href=True) + soup.find_all(src=True):
            address = tag.get("href") or tag["src"]
            if ABROAD.match(address) or address.startswith(("mailto:", "data:")):
                continue
            path, _, anchor = address.partition("#")
            target = (site / page).parent / path.partition("?")[0] if path else site / page
            target = target.resolve()
            if not target.is_file():
                lost.append((page, address))
            elif anchor and target.suffix == ".html":
                lost += [(page, address)] * (anchor not in ids[target.relative_to(site).as_posix()])
    assert lost == []


def test_every_equation_is_drawn_by_the_browser_alone(pages):
    assert sum(len(soup.find_all("math")) for soup in pages.values()) > len(PROXIES) + len(METHODS)
    assert [
        page for page, soup in pages.items() if soup.find("script", src=re.compile("mathjax", re.I))
    ] == []


def section_of(soup: BeautifulSoup, kind: str, name: str) -> BeautifulSoup:
    """The section that is made of a registry's row."""
    mark = soup.find(id=make_id(f"{kind}-{name}"))
    assert mark is not None, f"no section is about {name} of the {kind}"
    section = mark if mark.name == "section" else mark.find_parent("section")
    assert name in {code.text for code in section.find(["h2", "h3"]).find_all("code")}
    return section


def bold(section: BeautifulSoup) -> set[str]:
    """Its words in bold face, by which paragraphs are known."""
    return {tag.text for tag in section.find_all("strong")}


PROXIES_BY_KIND = [("proxies", name) for name in PROXIES] + [
    ("composed-proxies", name) for name in (ROOT, ENSEMBLE)
]


@pytest.mark.parametrize(("kind", "name"), PROXIES_BY_KIND)
def test_a_proxy_has_a_section_with_its_equation_source_and_cost(pages, kind, name):
    section = section_of(pages["proxies.html"], kind, name)
    assert section.find("math") is not None
    assert {"Source:", "Cost:"} <= bold(section)


OURS = {"methods": METHODS, "allocators": ALLOCATORS}
THEIRS = {"peft-methods": REFEREES, "samplers": SAMPLERS, "pruners": PRUNERS}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in OURS for name in OURS[kind]])
def test_a_method_and_an_allocator_have_a_section_with_equation_and_source(pages, kind, name):
    section = section_of(pages["methods.html"], kind, name)
    assert section.find("math") is not None
    assert "Source:" in bold(section)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in THEIRS for name in THEIRS[kind]])
def test_what_others_wrote_has_a_section_with_its_source(pages, kind, name):
    assert "Source:" in bold(section_of(pages["methods.html"], kind, name))


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_of_a_method_is_told(pages, name):
    text = section_of(pages["methods.html"], "methods", name).text
    given = {"max_params", "model_shapes"}  # by a job, not by a person
    own = [field.name for field in fields(policy_of(name, 1, None)) if field.name not in given]
    assert [setting for setting in own if setting not in text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_on_the_page_of_commands(pages, name):
    section = pages["commands.html"].find(id=name)
    assert section is not None, f"docs/commands.md has no section {name}"
    flags = Flags.of(COMMANDS[name].settings).by_name.values()
    assert [flag for flag in flags if flag.startswith("-") and flag not in section.text] == []


def test_every_name_of_the_api_is_on_its_page(pages):
    import search

    documented = {tag["id"] for tag in pages["api.html"].find_all("dt", id=True)}
    assert {f"search.{name}" for name in search.__all__} <= documented
