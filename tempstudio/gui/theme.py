"""The colour tokens as a QPalette, a style sheet and fonts: what makes the window look as it does.

Style is Fusion with an explicit palette, because `QStyleHints.setColorScheme` has no effect
offscreen and on plain X11.  The style sheet adds only what a palette cannot say.
"""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from tempstudio.scene.tokens import THEMES, Tokens, mix

BASE_POINTS = 10.0
LEAST_POINTS = 8.0
IMAGES = Path(__file__).parent / "theme_images"  # arrows and check marks: a style sheet wants files
SCALES = {"caption": 0.85, "body": 1.0, "heading": 1.15, "figure": 1.7}
SEMIBOLD = ("heading", "figure")
_LENGTH = re.compile(r"\b([1-9][0-9]*)px")


def resolved_theme(choice: str) -> str:
    """The theme to show, light or dark, for the setting light, dark or system."""
    if choice in THEMES:
        return choice
    hints = QGuiApplication.styleHints()
    return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"


def apply_theme(app: QApplication, choice: str, zoom: float = 1.0) -> Tokens:
    """Dress the whole application; returns the tokens for what is painted by hand.

    `zoom` multiplies the base font (interface zoom).
    """
    tokens = THEMES[resolved_theme(choice)]
    # Once a style sheet is set the style in use no longer tells its name.
    if app.property("dressed") is not True:
        app.setStyle(QStyleFactory.create("Fusion"))
        app.setProperty("dressed", True)
    app.setPalette(palette(tokens))
    app.setFont(font("body", zoom))
    app.setStyleSheet(_zoomed(stylesheet(tokens, zoom), zoom))
    return tokens


def _zoomed(sheet: str, zoom: float) -> str:
    """A style sheet with every length scaled; a hairline stays one until it would be two."""
    if zoom == 1:
        return sheet
    return _LENGTH.sub(lambda found: f"{max(1, round(int(found[1]) * zoom))}px", sheet)


def font(role: str = "body", zoom: float = 1.0) -> QFont:
    """The system's font at the size of a role (caption, body, heading, figure), tabular digits."""
    made = QFont(QGuiApplication.font())
    made.setPointSizeF(points(role, zoom))
    made.setWeight(QFont.Weight.DemiBold if role in SEMIBOLD else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def code_font() -> QFont:
    """The font of code, logs and tracebacks."""
    made = font()
    made.setFamilies(["DejaVu Sans Mono", "monospace"])
    return made


def points(role: str, zoom: float = 1.0) -> float:
    """Point size of a role; nothing is smaller than 8 pt."""
    return max(BASE_POINTS * SCALES[role] * zoom, LEAST_POINTS)


def palette(tokens: Tokens) -> QPalette:
    """Every colour role of a QPalette from the token table."""
    made = QPalette()
    role = QPalette.ColorRole
    raised = mix(tokens.text, tokens.surface, 0.04)
    plain = {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.surface,
        role.AlternateBase: mix(tokens.text, tokens.surface, 0.03),
        role.Text: tokens.text,
        role.Button: raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.error,
        role.ToolTipBase: tokens.surface,
        role.ToolTipText: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.roles["C"],
        role.Light: mix("#FFFFFF", tokens.surface, 0.10),
        role.Midlight: mix("#FFFFFF", tokens.window, 0.05),
        role.Mid: tokens.hairline,
        role.Dark: tokens.control,
        role.Shadow: mix("#000000", tokens.window, 0.45),
    }
    for which, colour in plain.items():
        made.setColor(which, QColor(colour))
    faded = QColor(mix(tokens.text, tokens.window, 0.45))
    off = QPalette.ColorGroup.Disabled
    for which in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
        made.setColor(off, which, faded)
    made.setColor(off, role.Highlight, QColor(tokens.hairline))
    made.setColor(off, role.HighlightedText, faded)
    return made


def stylesheet(tokens: Tokens, zoom: float = 1.0) -> str:
    """What a palette cannot say.

    Widgets ask for a look by dynamic properties: `primary` (bool, QPushButton: the one filled
    button), `ringed` (bool, QLabel: the focus shows), `role` (QLabel: caption, heading, figure,
    muted, unit, warning, error, ok, link; QFrame: card, ribbon, line).
    """
    hover = mix(tokens.text, tokens.window, 0.08)
    pressed = mix(tokens.text, tokens.window, 0.14)
    chosen = mix(tokens.accent, tokens.window, 0.16)
    filled = mix(tokens.text, tokens.accent, 0.10)
    faded = mix(tokens.text, tokens.window, 0.45)
    raised = mix(tokens.text, tokens.surface, 0.04)

    def image(name: str) -> str:
        return (IMAGES / f"{name}-{tokens.name}.svg").as_posix()

    ribbon = mix(tokens.warning, tokens.surface, 0.14)
    size = {role: f"{points(role, zoom):.2f}pt" for role in SCALES}
    return f"""
QMainWindow::separator {{ background: {tokens.hairline}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {tokens.accent}; }}
QSplitter::handle {{ background: {tokens.hairline}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QSplitter::handle:hover {{ background: {tokens.accent}; }}

QToolBar {{ background: {tokens.window}; border: 0; border-bottom: 1px solid {tokens.hairline};
  spacing: 4px; padding: 6px; }}
QToolBar::separator {{ background: {tokens.hairline}; width: 1px; margin: 4px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 3px 6px;
  color: {tokens.text}; background: transparent; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed {{ background: {pressed}; }}
QToolButton:checked {{ background: {chosen}; border-color: {tokens.accent}; }}
QToolButton:focus {{ border: 2px solid {tokens.accent}; padding: 2px 5px; }}
QToolButton:disabled {{ color: {faded}; }}
QToolButton::menu-indicator {{ width: 0; }}

QPushButton {{ background: {raised}; color: {tokens.text}; border: 1px solid {tokens.control};
  border-radius: 4px; padding: 4px 12px; min-height: 18px; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed, QPushButton:checked {{ background: {pressed}; }}
QPushButton:focus {{ border: 2px solid {tokens.accent}; padding: 3px 11px; }}
QPushButton:disabled {{ color: {faded}; border-color: {tokens.hairline};
  background: {tokens.window}; }}
QPushButton:flat {{ background: transparent; border-color: transparent; }}
QPushButton:flat:focus {{ border-color: {tokens.accent}; }}

QPushButton[primary="true"] {{ background: {tokens.accent}; color: {tokens.on_accent};
  border: 1px solid {tokens.accent}; border-radius: 4px; padding: 4px 14px; font-weight: 600; }}
QPushButton[primary="true"]:hover {{ background: {filled}; border-color: {filled}; }}
QPushButton[primary="true"]:pressed {{ background: {mix(tokens.text, tokens.accent, 0.2)}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {tokens.text}; padding: 3px 13px; }}
QPushButton[primary="true"]:disabled {{ background: {tokens.hairline};
  color: {mix(tokens.text, tokens.window, 0.55)}; border-color: {tokens.hairline}; }}

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit {{ color: {tokens.text};
  background: {tokens.surface}; border: 1px solid {tokens.control}; border-radius: 4px;
  padding: 2px 6px; selection-background-color: {tokens.accent};
  selection-color: {tokens.on_accent}; }}
QLineEdit, QAbstractSpinBox, QComboBox {{ min-height: 20px; }}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {{
  border: 2px solid {tokens.accent}; padding: 1px 5px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{ color: {faded};
  border-color: {tokens.hairline}; background: {tokens.window}; }}
QTableView QLineEdit, QTreeView QLineEdit, QListView QLineEdit, QTableView QAbstractSpinBox,
QTreeView QAbstractSpinBox, QTreeView QComboBox {{ border-radius: 0; padding: 0 4px;
  min-height: 0; }}
QComboBox {{ padding-right: 2px; combobox-popup: 0; }}
QComboBox:focus {{ padding-right: 1px; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: url({image("down")}); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {tokens.surface}; color: {tokens.text};
  border: 1px solid {tokens.control}; outline: 0; selection-background-color: {tokens.accent};
  selection-color: {tokens.on_accent}; }}
QAbstractSpinBox {{ padding: 2px; qproperty-alignment: "AlignRight | AlignVCenter"; }}
QAbstractSpinBox:focus {{ padding: 1px; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: 0; border-radius: 0; padding: 0 6px;
  min-height: 0; background: transparent; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border;
  background: transparent; border: 0; width: 18px; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; margin: 2px 2px 0 0; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; margin: 0 2px 2px 0; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {hover}; }}
QAbstractSpinBox::up-arrow {{ image: url({image("up")}); width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: url({image("down")}); width: 10px; height: 10px; }}

QCheckBox, QRadioButton {{ spacing: 6px; }}
QCheckBox::indicator, QRadioButton::indicator, QTreeView::indicator, QListView::indicator {{
  width: 12px; height: 12px; border: 1px solid {tokens.control}; background: {tokens.surface}; }}
QCheckBox::indicator, QTreeView::indicator, QListView::indicator {{ border-radius: 3px; }}
QRadioButton::indicator {{ border-radius: 7px; }}
QCheckBox::indicator:checked, QTreeView::indicator:checked, QListView::indicator:checked {{
  background: {tokens.accent}; border-color: {tokens.accent}; image: url({image("check")}); }}
QRadioButton::indicator:checked {{ background: {tokens.accent}; border-color: {tokens.accent};
  image: url({image("dot")}); }}
QCheckBox:focus, QRadioButton:focus {{ color: {tokens.accent}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {tokens.accent}; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {faded}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{
  border-color: {tokens.hairline}; background: {tokens.window}; }}

QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {tokens.hairline}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {tokens.accent}; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 7px;
  background: {tokens.surface}; border: 1px solid {tokens.control}; }}
QSlider::handle:horizontal:hover {{ border-color: {tokens.accent}; }}
QSlider:focus {{ outline: 0; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {tokens.accent}; }}

QGroupBox {{ border: 1px solid {tokens.hairline}; border-radius: 4px; margin-top: 10px;
  padding-top: 8px; font-weight: 600; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 8px; padding: 0 4px; }}

QDockWidget {{ font-weight: 600; color: {tokens.text}; }}
QDockWidget::title {{ background: {tokens.window}; padding: 6px 12px; text-align: left;
  border-bottom: 1px solid {tokens.hairline}; }}
QTabWidget::pane {{ border: 0; border-top: 1px solid {tokens.hairline}; }}
QTabBar {{ background: {tokens.window}; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {tokens.muted}; padding: 6px 12px;
  border: 0; border-bottom: 2px solid transparent; }}
#left QTabBar::tab {{ padding: 6px 7px; }}
QTabBar::tab:hover {{ color: {tokens.text}; background: {hover}; }}
QTabBar::tab:selected {{ color: {tokens.text}; border-bottom-color: {tokens.accent}; }}
QTabBar::tab:selected:focus {{ color: {tokens.accent}; background: {chosen}; }}

QHeaderView::section {{ background: {tokens.window}; color: {tokens.muted}; padding: 3px 8px;
  border: 0; border-bottom: 1px solid {tokens.hairline}; font-size: {size["caption"]}; }}
QHeaderView::down-arrow, QHeaderView::up-arrow {{ subcontrol-origin: border;
  subcontrol-position: top center; width: 9px; height: 7px; }}
QHeaderView::down-arrow {{ image: url({image("down")}); }}
QHeaderView::up-arrow {{ image: url({image("up")}); }}
QTreeView, QTableView, QListView {{ background: {tokens.surface}; border: 0; outline: 0;
  selection-background-color: {chosen}; selection-color: {tokens.text}; }}
QTreeView::item, QListView::item {{ height: 24px; }}
QTreeView::item:selected, QTableView::item:selected, QListView::item:selected {{
  background: {chosen}; color: {tokens.text}; }}
QTreeView::item:hover, QListView::item:hover {{ background: {hover}; }}
QTreeView::item:focus, QTableView::item:focus, QListView::item:focus {{
  border: 1px solid {tokens.accent}; }}

QMenuBar {{ background: {tokens.window}; border-bottom: 1px solid {tokens.hairline}; }}
QMenu {{ background: {tokens.surface}; border: 1px solid {tokens.hairline}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px 4px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {tokens.accent}; color: {tokens.on_accent}; }}
QMenu::item:disabled {{ color: {mix(tokens.text, tokens.surface, 0.45)}; }}
QMenu::separator {{ height: 1px; background: {tokens.hairline}; margin: 4px 8px; }}

QStatusBar {{ background: {tokens.window}; border-top: 1px solid {tokens.hairline};
  color: {tokens.muted}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QPushButton {{ padding: 1px 10px; min-height: 14px; }}
QStatusBar QPushButton:focus {{ padding: 0 9px; }}
QStatusBar QToolButton {{ padding: 0 6px; }}
QToolTip {{ background: {tokens.surface}; color: {tokens.text};
  border: 1px solid {tokens.control}; padding: 4px 6px; }}
QProgressBar {{ background: {tokens.hairline}; border: 0; border-radius: 2px; min-height: 4px;
  max-height: 4px; }}
QProgressBar::chunk {{ background: {tokens.accent}; border-radius: 2px; }}

QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {mix(tokens.control, tokens.window, 0.6)}; border-radius: 3px;
  margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:hover {{ background: {tokens.control}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QLabel[ringed="true"] {{ border: 1px solid transparent; border-radius: 3px; }}
QLabel[ringed="true"]:focus {{ border-color: {tokens.accent}; }}
QLabel[role="caption"] {{ color: {tokens.muted}; font-size: {size["caption"]}; }}
QLabel[role="heading"] {{ font-size: {size["heading"]}; font-weight: 600; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="figure"] {{ font-size: {size["figure"]}; font-weight: 600; }}
QLabel[role="unit"], QLabel[role="muted"] {{ color: {tokens.muted}; }}
QLabel[role="warning"] {{ color: {tokens.warning}; }}
QLabel[role="error"] {{ color: {tokens.error}; }}
QLabel[role="ok"] {{ color: {tokens.ok}; }}
QLabel[role="link"] {{ color: {tokens.accent}; }}
QFrame[role="card"] {{ background: {tokens.surface}; border: 1px solid {tokens.hairline};
  border-radius: 4px; }}
QFrame[role="ribbon"] {{ background: {ribbon}; border: 0;
  border-left: 3px solid {tokens.warning}; }}
QFrame[role="line"] {{ background: {tokens.hairline}; border: 0; max-height: 1px; }}
"""
