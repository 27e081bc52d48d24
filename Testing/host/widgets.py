"""Stand-ins for the CTK and qMRML widgets of the module's panel, behaving as the real ones were measured to."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import slicer
import vtk
from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractButton, QComboBox, QTableView, QVBoxLayout, QWidget
from shiboken6 import isValid

NODE_CHANGED, NODE_VALID = "currentNodeChanged(vtkMRMLNode*)", "currentNodeChanged(bool)"
NODE_ADDED = "nodeAddedByUser(vtkMRMLNode*)"
SEGMENT_CHANGED = "currentSegmentChanged(QString)"
NONE_SEGMENT = "None"
UNLIMITED = 2**24 - 1
"""Qt's QWIDGETSIZE_MAX."""


def stored(kind: str, name: str, default: Any, changed: str | None = None) -> Property:
    """A property kept in the stand-in itself; ``changed`` names a method to call when it is set."""

    def get(self: Any) -> Any:
        value = self.__dict__.get(f"_{name}", default)
        return tuple(value) if isinstance(value, list) else value

    def put(self: Any, value: Any) -> None:
        self.__dict__[f"_{name}"] = value
        if changed:
            getattr(self, changed)()

    return Property(kind, get, put)


@contextmanager
def silent(widget: QWidget) -> Iterator[None]:
    was_blocked = widget.blockSignals(True)
    yield
    widget.blockSignals(was_blocked)


def weakly(method: Callable[[], None]) -> Callable[[Any, Any], None]:
    """An observer that does nothing once the widget it belongs to is gone."""
    reference = weakref.WeakMethod(method)

    def observer(caller: Any, event: Any) -> None:
        alive = reference()
        if alive is not None and isValid(alive.__self__):
            alive()

    return observer


def weaklyWithNode(method: Callable[[Any], None]) -> Callable[[Any, Any, Any], None]:
    """The same for events that tell of a node."""
    reference = weakref.WeakMethod(method)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def observer(caller: Any, event: Any, node: Any) -> None:
        alive = reference()
        if alive is not None and isValid(alive.__self__):
            alive(node)

    return observer


class qMRMLWidget(QWidget):
    SIGNALS: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "_sceneChanged"}
    _sceneChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self._sceneChanged.emit(scene)


class ctkCollapsibleButton(QAbstractButton):
    SIGNALS: ClassVar[dict[str, str]] = {"contentsCollapsed(bool)": "_contentsCollapsed"}
    _contentsCollapsed = Signal(bool)
    collapsed = stored("bool", "collapsed", False, "_applyCollapsed")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hidden: list[QWidget] = []
        self._headerHeight = self.fontMetrics().height() + 10
        self.setContentsMargins(0, self._headerHeight, 0, 0)

    def _applyCollapsed(self) -> None:
        self._hideCollapsed()
        self._contentsCollapsed.emit(self.collapsed)

    def _hideCollapsed(self) -> None:
        """Hide the content, or show again what was hidden by this."""
        self.setMaximumHeight(self._headerHeight if self.collapsed else UNLIMITED)
        for child in self.children():
            if isinstance(child, QWidget) and self.collapsed and not child.isHidden():
                child.hide()
                self._hidden.append(child)
        if not self.collapsed:
            for child in self._hidden:
                child.show()
            self._hidden = []

    def paintEvent(self, event: Any) -> None:
        painter, header = QPainter(self), self.rect
        header.setHeight(self._headerHeight)
        painter.setPen(self.palette.mid().color())
        painter.setBrush(self.palette.button())
        painter.drawRect(header.adjusted(0, 0, -1, -1))
        painter.setPen(self.palette.buttonText().color())
        arrow = "\u25b8" if self.collapsed else "\u25be"
        painter.drawText(header.adjusted(8, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), f"{arrow} {self.text}")


class qMRMLNodeComboBox(QWidget):
    SIGNALS: ClassVar[dict[str, str]] = {
        NODE_CHANGED: "_nodeChanged",
        NODE_VALID: "_nodeValid",
        NODE_ADDED: "_nodeAddedByUser",
    }
    _nodeChanged = Signal(object)
    _nodeValid = Signal(bool)
    _nodeAddedByUser = Signal(object)
    nodeTypes = stored("QStringList", "nodeTypes", (), "_refresh")
    hideChildNodeTypes = stored("QStringList", "hideChildNodeTypes", (), "_refresh")
    showChildNodeTypes = stored("bool", "showChildNodeTypes", True, "_refresh")
    showHidden = stored("bool", "showHidden", False, "_refresh")
    noneEnabled = stored("bool", "noneEnabled", False, "_refresh")
    noneDisplay = stored("QString", "noneDisplay", "None")
    addEnabled = stored("bool", "addEnabled", True)
    removeEnabled = stored("bool", "removeEnabled", True)
    editEnabled = stored("bool", "editEnabled", False)
    renameEnabled = stored("bool", "renameEnabled", False)
    selectNodeUponCreation = stored("bool", "selectNodeUponCreation", True)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = None
        self._combo = QComboBox(self)
        QVBoxLayout(self).addWidget(self._combo)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self._combo.connect("currentIndexChanged(int)", self._emitCurrentNode)

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._scene = scene
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent):
            scene.AddObserver(event, weaklyWithNode(self._onNode))
        for event in (scene.EndCloseEvent, scene.EndBatchProcessEvent):
            scene.AddObserver(event, weakly(self._refresh))
        self._refresh()
        if not self._nodes():
            for _ in range(4):  # So many times the real one fires on an empty scene.
                self._emitCurrentNode()

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        types = tuple(self.nodeTypes)  # Reading a property for each node would take longer than all the rest.
        nodes = slicer.util.getNodesByClass(types[0] if len(types) == 1 else "vtkMRMLNode")
        return [node for node in nodes if any(node.IsA(name) for name in types) and self._shows(node)]

    def _onNode(self, node: Any) -> None:
        """As the real one, it does not look through the scene for a node that it would not show."""
        if any(node.IsA(name) for name in tuple(self.nodeTypes)):
            self._refresh()

    def _shows(self, node: Any) -> bool:
        if (node.GetHideFromEditors() and not self.showHidden) or node.GetClassName() in self.hideChildNodeTypes:
            return False
        return bool(self.showChildNodeTypes) or node.GetClassName() in self.nodeTypes

    def _refresh(self) -> None:
        if self._scene is None or self._scene.IsBatchProcessing():
            return
        wanted = {node.GetID(): node.GetName() for node in self._nodes()}
        if self.noneEnabled:
            wanted = {"": self.noneDisplay, **wanted}
        for index in reversed(range(self._combo.count)):
            if self._combo.itemData(index) not in wanted:
                self._combo.removeItem(index)
        for index, (node_id, name) in enumerate(wanted.items()):
            if self._combo.findData(node_id) < 0:
                self._combo.insertItem(index, name, node_id)

    def _emitCurrentNode(self) -> None:
        node = self.currentNode()
        self._nodeChanged.emit(node)
        self._nodeValid.emit(node is not None)

    def currentNode(self) -> Any:
        node_id = self._combo.currentData
        return self._scene.GetNodeByID(node_id) if node_id and self._scene else None

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentNodeID(node.GetID() if node else "")

    def addNode(self) -> Any:
        """What "Create new" in the list does."""
        node = self._scene.AddNewNodeByClass(self.nodeTypes[0])
        self._nodeAddedByUser.emit(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        return node

    def _currentNodeID(self) -> str:
        return self._combo.currentData or ""

    def setCurrentNodeID(self, node_id: str) -> None:
        index = self._combo.findData(node_id or "")
        self._combo.setCurrentIndex(0 if index < 0 and self.noneEnabled else index)

    currentNodeID = Property("QString", _currentNodeID, setCurrentNodeID)


class qMRMLSegmentSelectorWidget(qMRMLWidget):
    SIGNALS: ClassVar[dict[str, str]] = {
        NODE_CHANGED: "_nodeChanged",
        "currentSegmentChanged(QString)": "_segmentChanged",
    }
    _nodeChanged = Signal(object)
    _segmentChanged = Signal(str)
    noneEnabled = stored("bool", "noneEnabled", False, "_applyNoneEnabled")
    editEnabled = stored("bool", "editEnabled", False)
    multiSelection = stored("bool", "multiSelection", False)
    horizontalLayout = stored("bool", "horizontalLayout", False)
    segmentationNodeSelectorVisible = stored("bool", "segmentationNodeSelectorVisible", True)
    selectNodeUponCreation = stored("bool", "selectNodeUponCreation", True)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segmentation = None
        self._segmentId = ""
        self._nodeCombo, self._segmentCombo = qMRMLNodeComboBox(self), QComboBox(self)
        self._nodeCombo.nodeTypes = ("vtkMRMLSegmentationNode",)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._nodeCombo)
        layout.addWidget(self._segmentCombo)
        self._nodeCombo.connect(NODE_CHANGED, self._onNodeChanged)
        self._nodeCombo.connect(NODE_CHANGED, self._nodeChanged.emit)
        self._segmentCombo.connect("currentIndexChanged(int)", self._onSegmentChanged)

    def setMRMLScene(self, scene: Any) -> None:
        super().setMRMLScene(scene)
        self._nodeCombo.setMRMLScene(scene)

    def currentNode(self) -> Any:
        return self._nodeCombo.currentNode()

    def currentNodeID(self) -> str:
        return self._nodeCombo.currentNodeID

    def setCurrentNode(self, node: Any) -> None:
        self._nodeCombo.setCurrentNode(node)

    def setCurrentNodeID(self, node_id: str) -> None:
        self._nodeCombo.setCurrentNodeID(node_id)

    def currentSegmentID(self) -> str:
        """The last one chosen; like the real one it survives the loss of its segmentation."""
        return self._segmentId

    def setCurrentSegmentID(self, segment_id: str) -> None:
        if not segment_id and self.noneEnabled:
            self._segmentCombo.setCurrentIndex(0)
            return
        index = self._segmentCombo.findData(segment_id)
        if index >= 0:
            self._segmentCombo.setCurrentIndex(index)

    def _applyNoneEnabled(self) -> None:
        self._nodeCombo.noneEnabled = self.noneEnabled
        self._populate()

    def _onNodeChanged(self, node: Any) -> None:
        if node is self._segmentation:
            return
        self._segmentation = node
        if node is not None:
            for event in (slicer.vtkSegmentation.SegmentAdded, slicer.vtkSegmentation.SegmentRemoved):
                node.AddObserver(event, weakly(self._populate))
        self._populate()

    def _populate(self) -> None:
        with silent(self._segmentCombo):
            self._segmentCombo.clear()
        segmentation = self._segmentation.GetSegmentation() if self._segmentation else None
        if segmentation is None or segmentation.GetNumberOfSegments() == 0:
            return
        ids = segmentation.GetSegmentIDs()
        with silent(self._segmentCombo):
            if self.noneEnabled:
                self._segmentCombo.addItem(NONE_SEGMENT, NONE_SEGMENT)
            for segment_id in ids:
                self._segmentCombo.addItem(segmentation.GetSegment(segment_id).GetName(), segment_id)
            if self._segmentId in ids or (self.noneEnabled and not self._segmentId):
                self.setCurrentSegmentID(self._segmentId)
                return
            self._segmentCombo.setCurrentIndex(-1)
        self._segmentCombo.setCurrentIndex(1 if self.noneEnabled else 0)

    def _onSegmentChanged(self, index: int) -> None:
        if self._segmentation is None:
            return
        segment_id = self._segmentCombo.itemData(index)
        self._segmentId = "" if segment_id in (None, NONE_SEGMENT) else segment_id
        self._segmentChanged.emit(self._segmentId)


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Keeps what it edits in its parameter node, as the real one does; it has no effects."""

    segmentationNodeSelectorVisible = stored("bool", "segmentationNodeSelectorVisible", True)
    sourceVolumeNodeSelectorVisible = stored("bool", "sourceVolumeNodeSelectorVisible", True)
    maximumNumberOfUndoStates = stored("int", "maximumNumberOfUndoStates", 10)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._node = None
        self._observesViews = self._hasShortcuts = False

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        self._node = node

    def mrmlSegmentEditorNode(self) -> Any:
        return self._node

    def setSegmentationNode(self, node: Any) -> None:
        if self._node is not None:  # Without a node the real one only prints an error.
            self._node.SetAndObserveSegmentationNode(node)

    def segmentationNode(self) -> Any:
        return self._node.GetSegmentationNode() if self._node else None

    def setSourceVolumeNode(self, node: Any) -> None:
        if self._node is not None:
            self._node.SetAndObserveSourceVolumeNode(node)

    def sourceVolumeNode(self) -> Any:
        return self._node.GetSourceVolumeNode() if self._node else None

    def setActiveEffect(self, effect: None) -> None:
        pass

    def setupViewObservations(self) -> None:
        self._observesViews = True

    def removeViewObservations(self) -> None:
        self._observesViews = False

    def installKeyboardShortcuts(self) -> None:
        self._hasShortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._hasShortcuts = False


class qMRMLTableView(QTableView):
    transposed = stored("bool", "transposed", False)
    firstColumnLocked = stored("bool", "firstColumnLocked", False)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = None
        self._tag = None
        self.setModel(QStandardItemModel(self))

    def setMRMLTableNode(self, node: Any) -> None:
        if self._table is not None:
            self._table.RemoveObserver(self._tag)
        self._table = node
        if node is not None:
            self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, weakly(self._fill))
        self._fill()

    def mrmlTableNode(self) -> Any:
        return self._table

    def _firstRowLocked(self) -> bool:
        return self._table is not None and self._table.GetUseColumnTitleAsColumnHeader()

    def _setFirstRowLocked(self, locked: bool) -> None:
        if self._table is not None:  # Without a table the real one only warns.
            self._table.SetUseColumnTitleAsColumnHeader(locked)

    firstRowLocked = Property("bool", _firstRowLocked, _setFirstRowLocked)

    def _fill(self) -> None:
        self.model().clear()
        if self._table is None:
            return
        columns = range(self._table.GetNumberOfColumns())
        names = [self._table.GetColumnName(column) for column in columns]
        if self.firstRowLocked:
            self.model().setHorizontalHeaderLabels(names)
        else:
            self.model().setHorizontalHeaderLabels([chr(ord("A") + column) for column in columns])
            self.model().appendRow([QStandardItem(name) for name in names])
        for row in range(self._table.GetNumberOfRows()):
            self.model().appendRow([QStandardItem(self._table.GetCellText(row, column)) for column in columns])


STAND_INS = (
    qMRMLWidget,
    ctkCollapsibleButton,
    qMRMLNodeComboBox,
    qMRMLSegmentSelectorWidget,
    qMRMLSegmentEditorWidget,
    qMRMLTableView,
)
