"""One training loop for every chapter, on Lightning Fabric."""

from seglab.train.history import History
from seglab.train.loop import fit, make_fabric
from seglab.train.run import warmup_cosine

__all__ = ["History", "fit", "make_fabric", "warmup_cosine"]
