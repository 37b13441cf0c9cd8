"""A combo box that puts dots in the middle of a choice too long for it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QToolTip

PAD_PX = 4  # the style draws from 1 px inside the field and cuts what passes its end


class ComboBox(QComboBox):
    """What does not fit is told by the tooltip and by the list, which is as wide as it needs.

    Runs differ at the ends of their names, so it is the middle that goes.
    """

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """What the style paints."""
        super().initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        metrics, text = self.fontMetrics(), option.currentText
        if metrics.horizontalAdvance(text) > field.width() + 1:  # what its size hint allows for
            elide = Qt.TextElideMode.ElideMiddle
            option.currentText = metrics.elidedText(text, elide, field.width() - PAD_PX)

    @property
    def shown(self) -> str:
        """The choice as it is painted."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return option.currentText

    @property
    def tip(self) -> str:
        """Its own tooltip, below the whole choice where that is cut."""
        cut = self.currentText() if self.shown != self.currentText() else ""
        own = self.toolTip() if self.toolTip() != cut else ""
        return "\n".join(filter(None, (cut, own)))

    def event(self, event: QEvent) -> bool:
        """See `tip`."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip, self)
            return True
        return super().event(event)

    def showPopup(self) -> None:
        """The list is wide enough for its longest line."""
        view = self.view()
        view.setMinimumWidth(max(view.sizeHintForColumn(0) + 24, self.width()))
        super().showPopup()
