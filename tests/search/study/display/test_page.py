"""The page is one HTML file that loads nothing, escapes everything and opens with the verdict."""

import base64
import re
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from search.study.display.cost_table import Cost
from search.study.display.page import Section, render_page
from search.study.display.plots import Image
from search.study.judging.report_card import Estimate
from search.study.judging.uniform_verdict import uniform_verdict
from search.study.judging.verdict import study_verdict
from spaces.show.picture import new_figure, save_png

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Reader(HTMLParser):
    """Tags with their attributes, and the visible texts in order; open tags must close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "body" in self.open and data.strip():
            self.texts.append(data.strip())


@pytest.fixture
def parts(make_card, make_report, tmp_path):
    """Everything a page is made of, with names that would be markup were they not escaped."""
    save_png(new_figure(4, 2), tmp_path / "plot.png")
    report = make_report(
        make_card("<b>x</b>", 0.7), make_card("params", None), contests=2, stratum="<i>2M</i>"
    )
    drawn = Image('a "forest" <plot>', "<b>x</b> is ahead", tmp_path / "plot.png")
    bare = make_report(seeds=1, truth="loss", ceiling=None, reliability=None)
    return {
        "title": "A <u>title</u>",
        "headline": "Yes: <b>x</b> beats uniform.",
        "verdict": "Use <b>x</b> & nothing else.",
        "facts": [("model", "<script>alert(1)</script>"), ("commit", "0123abc")],
        "sections": [Section(report, (drawn,)), Section(bare, ())],
        "costs": [Cost("<b>x</b>", 1.5, 0.02, None), Cost("snip", None, None, None)],
        "left_out": [("constant", "ranks <nothing>")],
    }


def test_the_users_question_comes_first_then_which_proxy_to_use(parts):
    texts = Reader(render_page(**parts)).texts
    assert texts[0] == "A <u>title</u>. Does anything beat the uniform allocation?"
    assert texts[1] == "Yes: <b>x</b> beats uniform."
    assert texts[2] == "Which proxy can be trusted? Use <b>x</b> & nothing else."


def test_all_verdicts_stand_at_the_top_with_links_to_their_sections(parts):
    page = render_page(**parts)
    reader = Reader(page)
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    anchors = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    assert links == ["#part-1", "#part-2", "#costs", "#left-out", "#terms"]
    assert {link.removeprefix("#") for link in links} <= anchors
    top = page[: page.index("</nav>")]
    for section in parts["sections"]:
        assert str(escape(uniform_verdict(section.report))) in top
        assert str(escape(study_verdict(section.report))) in top


def test_a_page_of_one_section_says_nothing_twice_at_the_top(parts):
    texts = Reader(render_page(**{**parts, "sections": parts["sections"][:1]})).texts
    assert "All verdicts" not in texts
    assert "All numbers" in texts


def test_every_tag_closes_and_every_value_is_escaped(parts):
    reader = Reader(render_page(**parts))
    assert not reader.open
    assert not {"script", "b", "i", "u", "plot", "nothing"} & {tag for tag, _ in reader.tags}
    assert reader.texts.count("<b>x</b>") == 6  # card, correlations, three k, cost
    assert "<script>alert(1)</script>" in reader.texts
    assert "ranks <nothing>" in reader.texts


def test_nothing_is_loaded_and_nothing_runs(parts):
    page = render_page(**parts)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|javascript:", re.sub(r"base64,[^\"]*", "", page))
    for tag, attributes in Reader(page).tags:
        assert tag not in {"script", "link", "iframe", "object", "base"}
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("href") or "#").startswith("#")


def test_images_are_embedded_whole_and_their_alternative_text_says_what_they_show(parts, tmp_path):
    (image,) = [attributes for tag, attributes in Reader(render_page(**parts)).tags if tag == "img"]
    kind, data = image["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == (tmp_path / "plot.png").read_bytes()
    assert (image["alt"], image["width"], image["height"]) == ("<b>x</b> is ahead", "400", "200")


def test_what_is_missing_is_never_none_or_nan(parts, make_card, make_report):
    nan = float("nan")
    undefined = Estimate(None, None, None)
    card = make_card("zen", 0.7, spearman=undefined, p_holm=nan, of_ceiling=undefined, partial=undefined)
    parts["sections"].append(Section(make_report(card, reliability=nan, ceiling=nan), ()))
    words = set(re.findall(r"[A-Za-z]+", " ".join(Reader(render_page(**parts)).texts).lower()))
    assert not {"none", "nan"} & words
    assert {"undefined"} <= words


def test_other_ks_are_folded_away(parts):
    tags = Reader(render_page(**parts)).tags
    assert [attributes for tag, attributes in tags if tag == "details"] == [{}, {}]


def test_it_suits_dark_rooms_and_small_screens(parts):
    page = render_page(**parts)
    dark = page[page.rindex("@media (prefers-color-scheme: dark)") :]
    assert ".picture img { filter: invert(1) hue-rotate(180deg);" in dark.partition("}")[0]
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in Reader(
        page
    ).tags


def test_every_table_scrolls_in_a_box_of_its_own(parts):
    tags = Reader(render_page(**parts)).tags
    boxes = [tags[place - 1] for place, (tag, _) in enumerate(tags) if tag == "table"]
    assert len(boxes) == 9  # three for each of two reports, contests, picks, costs
    assert {(tag, attributes.get("class")) for tag, attributes in boxes} == {("div", "scroll")}


def test_terms_are_explained(parts):
    terms = " ".join(Reader(render_page(**parts)).texts)
    for term in ("Spearman", "Noise ceiling", "Holm", "regret@k", "bootstrap over allocations and seeds"):
        assert term in terms


def test_what_an_interval_and_a_marked_winner_mean_is_explained(parts):
    text = " ".join(" ".join(Reader(render_page(**parts)).texts).split())
    assert "holds 95 % of the results" not in text
    assert "give or take 1.96 standard deviations of the results" in text
    assert "above 0 after Holm's correction for the number of contests" in text
    assert "an allocation that stands in several of them is drawn once" in text


def test_every_pick_is_folded_away_with_the_other_numbers(parts):
    page = render_page(**parts)
    folded = page[page.index("<details>") : page.index("</details>")]
    assert "Every proxy&#39;s own pick against the uniform allocation" in folded


def test_an_image_that_is_no_png_is_refused(parts, tmp_path):
    (tmp_path / "plot.png").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"plot\.png is not a PNG"):
        render_page(**parts)


def test_parts_that_are_empty_leave_no_heading(parts):
    texts = Reader(render_page(**{**parts, "costs": [], "left_out": [], "sections": []})).texts
    assert "What scoring costs" not in texts
    assert "Proxies left out" not in texts
    assert "How to read this" in texts
