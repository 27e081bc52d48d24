"""A layout of four slice views, the three images and their difference; the user's own comes back afterwards."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import slicer
from slicer.i18n import tr as _

LAYOUT_ID = 7361  # Slicer keeps the numbers up to 100 for itself.
# Views are linked within their group only: the user's own views stay where they are.
VIEW_GROUP = 7361
ORIGINAL, BICUBIC, ENHANCED = "SuperResOriginal", "SuperResBicubic", "SuperResEnhanced"
DIFFERENCE = "SuperResDifference"
VIEWS = (ORIGINAL, BICUBIC, ENHANCED, DIFFERENCE)

# Colours of the views' bars, distinct with any colour vision (Okabe and Ito); the labels say the same in words.
BAR_COLOURS = {ORIGINAL: "#999999", BICUBIC: "#56B4E9", ENHANCED: "#E69F00", DIFFERENCE: "#CC79A7"}
VIEW_XML = (
    '<item><view class="vtkMRMLSliceNode" singletontag="{tag}">'
    '<property name="orientation" action="default">Axial</property>'
    '<property name="viewlabel" action="default">{label}</property>'
    '<property name="viewcolor" action="default">{colour}</property>'
    '<property name="viewgroup" action="default">{group}</property>'
    "</view></item>"
)


def viewLabels() -> dict[str, str]:
    """What each view is called on the screen, by its tag."""
    return {
        ORIGINAL: _("Original"),
        BICUBIC: _("Bicubic"),
        ENHANCED: _("Enhanced"),
        DIFFERENCE: _("Enhanced minus bicubic"),
    }


def layoutDescription() -> str:
    """The layout in the application's XML: two rows of two."""
    labels = viewLabels()
    rows = []
    for row in (VIEWS[:2], VIEWS[2:]):
        views = [
            VIEW_XML.format(tag=tag, label=escape(labels[tag]), colour=BAR_COLOURS[tag], group=VIEW_GROUP)
            for tag in row
        ]
        rows.append(f'<item><layout type="horizontal" split="true">{"".join(views)}</layout></item>')
    return f'<layout type="vertical" split="true">{"".join(rows)}</layout>'


class ComparisonLayout:
    """Switches the layout on and off. Without a layout manager (a Slicer without main window) it is not available."""

    def __init__(self) -> None:
        self._earlier = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
        self._register()

    @property
    def node(self) -> Any:
        """The application's layout node, or None."""
        manager = slicer.app.layoutManager()
        return manager.layoutLogic().GetLayoutNode() if manager else None

    @property
    def isAvailable(self) -> bool:
        """Whether there is a place to show views in."""
        return self.node is not None

    @property
    def isShown(self) -> bool:
        """Whether the views are on the screen."""
        return self.isAvailable and self.node.GetViewArrangement() == LAYOUT_ID

    def show(self) -> None:
        """Switch to the views; nothing happens when that is not possible or done already."""
        if not self.isAvailable or self.isShown:
            return
        self._register()
        self._earlier = self.node.GetViewArrangement()
        self.node.SetViewArrangement(LAYOUT_ID)

    def restore(self) -> None:
        """Switch back to the layout before `show`; a layout that the user has chosen since then stays."""
        if self.isShown:
            self.node.SetViewArrangement(self._earlier)

    def sliceLogics(self) -> dict[str, Any]:
        """The slice logic of each view by its tag, once the layout was shown; before that empty."""
        nodes = {tag: slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceNode") for tag in VIEWS}
        application = slicer.app.applicationLogic()
        logics = {tag: application.GetSliceLogic(node) for tag, node in nodes.items() if node}
        return logics if len(logics) == len(VIEWS) and all(logics.values()) else {}

    def _register(self) -> None:
        """Make the layout known: at the start, since a scene saved with it may be loaded, and before its use."""
        if self.isAvailable and not self.node.IsLayoutDescription(LAYOUT_ID):
            self.node.AddLayoutDescription(LAYOUT_ID, layoutDescription())
