"""Files beside trials are written once, found again by another start, and each study's own."""

from __future__ import annotations

from PIL import Image

from search.mirror.shown_files import ShownFiles
from spaces.allocation import Allocation


def test_a_trial_s_files_are_its_own_and_are_found_again(make_space, tmp_path):
    space, plan = make_space([(16, 16)] * 3, (0, 1, 2)), Allocation.of({"layers.1.q": 2})
    files = ShownFiles(tmp_path / "artifacts", "study")
    picture, as_json = files.of_allocation(4, plan, space)
    assert (picture.name, as_json.name) == ("ranks.png", "allocation.json")
    assert Allocation.from_json(as_json.path.read_text()) == plan
    with Image.open(picture.path) as opened:
        assert opened.format == "PNG"
    written = picture.path.stat().st_mtime_ns, as_json.path.stat().st_mtime_ns
    again = ShownFiles(tmp_path / "artifacts", "study").of_allocation(4, plan, space)
    assert again == (picture, as_json)
    assert (picture.path.stat().st_mtime_ns, as_json.path.stat().st_mtime_ns) == written
    others = {
        one.path
        for own in (
            files.of_allocation(5, plan, space),
            ShownFiles(tmp_path / "artifacts", "other").of_allocation(4, plan, space),
        )
        for one in own
    }
    assert len(others | {picture.path, as_json.path}) == 6


def test_a_file_of_the_study_is_a_copy_that_follows_its_source(tmp_path):
    source = tmp_path / "report.html"
    source.write_text("first")
    files = ShownFiles(tmp_path / "artifacts", "study")
    first = files.of_study(source)
    source.write_text("second")
    assert files.of_study(source) == first
    assert (first.name, first.path.read_text()) == ("report.html", "second")
    assert len(list((tmp_path / "artifacts").iterdir())) == 1
