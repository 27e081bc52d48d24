"""Networks: one architecture a file, built by name through the registry."""

from .registry import Architecture, architectures, build_network, register_architecture

__all__ = ["Architecture", "architectures", "build_network", "register_architecture"]
