"""A window of 1280 x 800 on a screen of 1280 x 800, whose frame needs room, too."""

from __future__ import annotations

from PySide6.QtCore import QRect

from tempstudio.gui.screen_fit import fitted

SCREEN = QRect(0, 0, 1280, 800)


def test_a_frame_that_leaves_the_screen_makes_the_window_smaller() -> None:
    frame, inner = QRect(0, 0, 1282, 822), QRect(1, 20, 1280, 800)
    fitting = fitted(frame, inner, SCREEN)
    assert fitting == QRect(1, 20, 1278, 778)
    outside = fitting.adjusted(-1, -20, 1, 2)
    assert SCREEN.contains(outside)


def test_a_window_half_off_a_screen_with_a_panel_comes_back() -> None:
    free = QRect(0, 30, 1280, 770)
    fitting = fitted(QRect(40, 10, 1282, 822), QRect(41, 30, 1280, 800), free)
    assert fitting is not None
    assert free.contains(fitting.adjusted(-1, -20, 1, 2))


def test_what_fits_or_has_no_frame_is_left_alone() -> None:
    large = QRect(0, 0, 2560, 1440)
    assert fitted(QRect(500, 300, 1282, 822), QRect(501, 320, 1280, 800), large) is None
    assert fitted(SCREEN, SCREEN, SCREEN) is None
    bare = QRect(0, 0, 1280, 800)
    assert fitted(bare, bare, QRect(0, 0, 1024, 768)) is None
