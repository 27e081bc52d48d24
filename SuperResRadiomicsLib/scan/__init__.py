"""What a scan is like: its noise and blur, and what would help it."""

from .proposal import Proposal, proposal_for, propose
from .quality import ScanQuality, measure_scan
from .strength import Estimate

__all__ = ["Estimate", "Proposal", "ScanQuality", "measure_scan", "proposal_for", "propose"]
