"""Networks: one architecture a file, built by name through the registry."""

from .registry import Architecture, architectures, build_network

__all__ = ["Architecture", "architectures", "build_network"]
