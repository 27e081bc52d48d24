"""The part of the panel that compares the images in slice views."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .comparisonview import Compared, ComparisonView
from .lesionplace import LesionPlace, lesionPlace, lesionPlaceSteps
from .overlays import OverlayFailed, onSameGrid, overlayLimit, showAsUncertainty
from .turns import Turns

if TYPE_CHECKING:
    from .featuremaps import ShownMaps

UI_FILE = Path(__file__).resolve().parent.parent / "Resources" / "UI" / "ViewPanel.ui"


class ViewPanel(VTKObservationMixin):
    """Buttons for the three views, the blink and the overlays.

    Args:
        logic: The module's logic.
        showStatus: Shows a sentence in the main panel.
    """

    def __init__(self, logic: Any, showStatus: Callable[..., None]) -> None:
        super().__init__()
        self._showStatus = showStatus
        self._parameters: Any = None
        self._hasOpened = self._isOpening = False
        self._turns = Turns()
        self.view = ComparisonView(self._onTurn, self._onDifferenceMade)
        self.widget = slicer.util.loadUI(str(UI_FILE))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.ui.sideBySideButton.connect("clicked()", self.onSideBySide)
        self.ui.jumpButton.connect("clicked()", self.onJump)
        self.ui.restoreLayoutButton.connect("clicked()", self.onRestoreLayout)
        self.ui.blinkButton.connect("clicked(bool)", self.onBlink)
        self.ui.differenceButton.connect("clicked(bool)", self.onDifference)
        self.ui.uncertaintyButton.connect("clicked(bool)", self.onUncertainty)
        self.ui.overlayOpacitySlider.connect("valueChanged(int)", self.onOpacity)
        self.widget.connect("contentsCollapsed(bool)", self.update)  # What is hidden stays so when the rest appears.
        self._observe()
        self.update()

    def setParameters(self, parameters: Any) -> None:
        """Take the choices from these parameters; None while there are none."""
        self._parameters = parameters
        self.update()

    def update(self) -> None:
        """Show what can be done now and what the views show."""
        self._followResult()
        self._enable(self.ui.sideBySideButton, _("Show the three images and their difference in linked views."))
        self._enable(self.ui.blinkButton, _("Show bicubic and enhanced image in turn, in the third view."))
        self._enable(self.ui.differenceButton, _("Colour where the enhanced image differs from the bicubic one."))
        self._enable(self.ui.uncertaintyButton, _("Colour how uncertain the enhanced values are."))
        self.ui.uncertaintyButton.visible = self._uncertainty() is not None
        self.ui.jumpButton.enabled = self._lesion() is not None
        self.ui.jumpButton.toolTip = (
            _("Put the lesion's centre into the middle of the views.")
            if self.ui.jumpButton.enabled
            else _("Select an input volume and the lesion's segment.")
        )
        self.ui.restoreLayoutButton.enabled = self.view.layout.isShown
        self.ui.restoreLayoutButton.toolTip = _("Bring back the views from before the comparison.")
        self._showOverlayState()

    def cleanup(self) -> None:
        """Bring the user's layout back and let go of the scene."""
        self._turns.cancel()
        self.removeObservers()
        self.view.close()

    def showFirst(self) -> None:
        """Open the views by themselves after the first run; a user who closed them is left alone later."""
        if (
            not self._hasOpened
            and self._parameters is not None
            and self.view.layout.isAvailable
            and self._compared() is not None
        ):
            compared = self._compared()
            self._turns.start(self._firstSteps(compared), lambda place: self._openFirst(compared, place))

    def _firstSteps(self, compared: Compared) -> Generator[None, None, LesionPlace | None]:
        """Find the lesion and make the views, in turns of their own."""
        place = yield from _placeOf(compared)
        if compared == self._compared():
            self.view.layout.show()
            yield
        return place

    def _openFirst(self, compared: Compared, place: LesionPlace | None) -> None:
        if compared == self._compared():  # Nothing else was chosen meanwhile.
            with self._errorsShown():
                self._open(compared, place)
        elif self.view.compared is None:
            self.view.layout.restore()

    def onSideBySide(self) -> None:
        """Open the views at the lesion."""
        with self._errorsShown():
            self._open(self._compared())

    def _open(self, compared: Compared, place: LesionPlace | None = None) -> None:
        self._hasOpened = self._isOpening = True
        try:
            self.view.open(compared, place)
        finally:
            self._isOpening = False

    def _followResult(self) -> None:
        """Another result was chosen, or none: the open views must not show the earlier one."""
        if self._isOpening or self.view.compared is None:
            return
        compared = self._compared()
        if compared is None:
            self.view.close()
        elif compared != self.view.compared:
            with self._errorsShown(silently=True):
                self._open(compared)

    def onJump(self) -> None:
        """Go to the lesion."""
        with self._errorsShown():
            compared = self._compared()
            if self.view.layout.isShown and compared is not None and compared != self.view.compared:
                self._open(compared)
            else:
                self.view.goTo(lesionPlace(*self._lesion()))

    def onRestoreLayout(self) -> None:
        """Bring the earlier layout back."""
        self.view.close()
        self.update()

    def onBlink(self, on: bool) -> None:
        """Start or stop the blink."""
        with self._errorsShown():
            if on:
                self._openIfNeeded()
                self.view.startBlink(self.view.compared)
            else:
                self.view.stopBlink()

    def onDifference(self, on: bool) -> None:
        """Show or hide where enhanced and bicubic image differ."""
        with self._errorsShown():
            if not on:
                self.view.hideOverlay()
                return
            self._openIfNeeded()
            self.view.makeDifference(self.view.compared, self._layDifferenceOver)

    def onUncertainty(self, on: bool) -> None:
        """Show or hide how uncertain the enhanced values are."""
        with self._errorsShown():
            if not on:
                self.view.hideOverlay()
                return
            self._openIfNeeded()
            volume = self._uncertainty()
            showAsUncertainty(volume)
            self._showOverlay(volume, _("Uncertainty"))

    def showMaps(self, maps: ShownMaps) -> None:
        """Lay the maps of a feature over the three images, each over its own."""
        with self._errorsShown():
            self._openIfNeeded()
            self.view.showMaps(maps.volumes, maps.title, self.ui.overlayOpacitySlider.value / 100)

    def onOpacity(self, percent: int) -> None:
        """Fade the overlay."""
        self.view.setOverlayOpacity(percent / 100)
        self.ui.overlayPercentLabel.text = _("{percent} %").format(percent=percent)

    def _observe(self) -> None:
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved)
        if self.view.layout.isAvailable:
            self.addObserver(self.view.layout.node, vtk.vtkCommand.ModifiedEvent, self._onLayoutModified)

    def _onSceneStartClose(self, caller: Any, event: Any) -> None:
        self._turns.cancel()
        self.view.close()
        self.update()

    def _onNodeRemoved(self, caller: Any, event: Any) -> None:
        """Without one of its images the comparison is over."""
        compared = self.view.compared
        if compared is not None and not all(slicer.mrmlScene.IsNodePresent(node) for node in compared.nodes):
            self.view.close()
        if self.view.overlay is not None and not slicer.mrmlScene.IsNodePresent(self.view.overlay):
            self.view.hideOverlay()
        self.update()

    def _onLayoutModified(self, caller: Any, event: Any) -> None:
        """The user may have chosen another layout in the application's own menu."""
        if self.view.compared is not None and not self.view.layout.isShown:
            self.view.close()
        self.update()

    def _onDifferenceMade(self, volume: Any) -> None:
        if self._parameters is not None and self._parameters.result is not None:
            self._parameters.result.difference = volume

    def _layDifferenceOver(self, volume: Any) -> None:
        self._onDifferenceMade(volume)
        self._showOverlay(volume, _("Enhanced minus bicubic"))
        self.update()

    def _onTurn(self, enhanced: bool) -> None:
        self._say(_("Now: enhanced.") if enhanced else _("Now: bicubic."))

    @contextmanager
    def _errorsShown(self, silently: bool = False) -> Iterator[None]:
        """An error is a sentence in the main panel, and the buttons show what is the case."""
        from SuperResRadiomicsLib.errors import SuperResError

        try:
            with waitCursor():
                yield
        except (SuperResError, OverlayFailed) as error:
            self._showStatus(str(error), isError=not silently)
        finally:
            if not silently:  # Else it is being updated.
                self.update()

    def _openIfNeeded(self) -> None:
        if self.view.compared is None:
            self._open(self._compared())

    def _showOverlay(self, volume: Any, title: str) -> None:
        self.view.showOverlay(volume, title, self.ui.overlayOpacitySlider.value / 100)

    def _compared(self) -> Compared | None:
        """What there is to compare; None before the first run."""
        result = self._parameters.result if self._parameters else None
        if result is None or not all(result.images):
            return None
        return Compared(*result.images, result.segmentation, result.segmentId)

    def _lesion(self) -> tuple[Any, str, Any] | None:
        """Segmentation, segment and volume; None when there is no lesion to go to."""
        parameters = self._parameters
        volume = parameters.inputVolume if parameters else None
        segmentation = parameters.segmentation if parameters else None
        if not (volume and segmentation and segmentation.GetSegmentation().GetSegment(parameters.segmentId)):
            return None
        return segmentation, parameters.segmentId, volume

    def _uncertainty(self) -> Any:
        """The volume of uncertainties that belongs to the enhanced image, or None."""
        compared = self._compared()
        volume = self._parameters.result.uncertainty if compared else None
        return volume if volume and onSameGrid(volume, compared.enhanced) else None

    def _enable(self, button: Any, toolTip: str) -> None:
        """Enable a button that needs the three images, or say why it cannot be pressed."""
        if not self.view.layout.isAvailable:
            toolTip, button.enabled = _("There is no window to show views in."), False
        elif self._compared() is None:
            toolTip, button.enabled = _("Super-resolve a lesion first."), False
        else:
            button.enabled = True
        button.toolTip = toolTip

    def _showOverlayState(self) -> None:
        overlay, compared = self.view.overlay, self.view.compared
        isUncertainty = overlay is not None and overlay is self._uncertainty()
        self.ui.blinkButton.checked = self.view.isBlinking
        self.ui.differenceButton.checked = overlay is not None and overlay is self.view.difference
        self.ui.uncertaintyButton.checked = isUncertainty
        for widget in (self.ui.overlayOpacityLabel, self.ui.overlayOpacitySlider, self.ui.overlayPercentLabel):
            widget.enabled = overlay is not None
        if self.view.isBlinking:
            return
        self._say(self._note(overlay, isUncertainty, compared))

    def _say(self, text: str) -> None:
        """Show a sentence below the buttons; no empty line where there is none."""
        self.ui.viewNoteLabel.text = text
        self.ui.viewNoteLabel.visible = bool(text)

    def _note(self, overlay: Any, isUncertainty: bool, compared: Compared | None) -> str:
        """What the colours mean, in words."""
        if overlay is None:
            return (
                _("Window, level and position are shared by the views; the difference has colours of its own.")
                if compared
                else ""
            )
        limit = f"{overlayLimit(overlay):.3g}"
        if overlay in self.view.maps:
            return _("Dark: low; yellow: high; the three images share one scale.")
        if isUncertainty:
            return _("Black: certain; yellow: uncertain by {limit} or more.").format(limit=limit)
        return _("Blue: enhanced is lower; orange: higher; full colour from {limit}.").format(limit=limit)


def _placeOf(compared: Compared) -> Generator[None, None, LesionPlace | None]:
    """Where the lesion is, in short steps; None where there is none, or what is wrong with it is to be told later."""
    from SuperResRadiomicsLib.errors import SuperResError

    yield
    if not compared.hasLesion:
        return None
    try:
        return (yield from lesionPlaceSteps(compared.segmentation, compared.segmentId, compared.original))
    except SuperResError:
        return None


@contextmanager
def waitCursor() -> Iterator[None]:
    """Slicer's own lets the application run first: a job that goes on would hold up the click."""
    qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
    try:
        yield
    finally:
        qt.QApplication.restoreOverrideCursor()
