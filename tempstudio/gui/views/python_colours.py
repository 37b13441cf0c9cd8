"""Python in the colours of the theme: words, texts, numbers, comments."""

from __future__ import annotations

import keyword
import re

from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from tempstudio.scene.tokens import Tokens

_PARTS = re.compile(
    r"(?P<comment>#.*)"
    r"|(?P<text>[rbfRBF]{0,2}(?:\"\"\".*?(?:\"\"\"|$)|\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?))"
    rf"|(?P<word>\b(?:{'|'.join(keyword.kwlist)})\b)"
    r"|(?P<mark>@[\w.]+)"
    r"|(?P<number>\b\d[\d_]*\.?\d*(?:e-?\d+)?\b)"
)
INSIDE = 1  # of a text in three quotes that goes on in the next line


class PythonColours(QSyntaxHighlighter):
    """Colours a document as it is typed."""

    def __init__(self, document: QTextDocument, tokens: Tokens) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self.set_theme(tokens)

    def set_theme(self, tokens: Tokens) -> None:
        """Colour in another theme."""
        colours = {
            "comment": tokens.muted,
            "text": tokens.ok,
            "word": tokens.accent,
            "mark": tokens.warning,
            "number": tokens.roles["C"],
        }
        for part, colour in colours.items():
            made = QTextCharFormat()
            made.setForeground(QColor(colour))
            self._formats[part] = made
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """One line."""
        at = 0
        self.setCurrentBlockState(0)
        if self.previousBlockState() == INSIDE:
            end = text.find('"""')
            if end < 0:
                self.setCurrentBlockState(INSIDE)
            at = len(text) if end < 0 else end + 3
            self.setFormat(0, at, self._formats["text"])
        for found in _PARTS.finditer(text, at):
            part, length = found.lastgroup or "text", found.end() - found.start()
            self.setFormat(found.start(), length, self._formats[part])
            opened = part == "text" and '"""' in found[0]
            if opened and (len(found[0]) < 6 or not found[0].endswith('"""')):
                self.setCurrentBlockState(INSIDE)
