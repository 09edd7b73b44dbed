"""Pictures are PNGs of the size that was asked for, made without pyplot."""

import struct
import subprocess
import sys

from spaces.show.picture import bare, new_figure, save_png


def test_a_figure_is_saved_at_160_dots_per_inch(tmp_path):
    path = tmp_path / "empty.png"
    save_png(new_figure(5, 2.5), path)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (800, 400)


def test_bare_axes_keep_the_left_and_bottom_edges():
    axes = new_figure(3, 3).subplots()
    bare(axes)
    assert [side for side, spine in axes.spines.items() if spine.get_visible()] == ["left", "bottom"]


def test_plots_leave_pyplot_alone():
    drawn = ("forest_plot", "regret_plot", "scatter_plots", "difference_plot")
    modules = ["spaces.show.score_maps", *(f"search.show.{name}" for name in drawn)]
    code = f"import sys, {', '.join(modules)}; print('matplotlib.pyplot' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
