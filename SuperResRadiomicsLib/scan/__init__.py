"""What a scan is like: its noise and blur, what would help it, and whether it suits a model."""

from .advice import Advice
from .guard import ScanGuard, guard_scan
from .proposal import Proposal, proposal_for, propose
from .quality import ScanQuality, measure_scan
from .strength import Estimate

__all__ = [
    "Advice",
    "Estimate",
    "Proposal",
    "ScanGuard",
    "ScanQuality",
    "guard_scan",
    "measure_scan",
    "proposal_for",
    "propose",
]
