"""Networks, each built from scratch and proved equal to a library's."""

from seglab.models.parameters import count_parameters
from seglab.models.unet import DoubleConv, Down, Encoder, UNet, Up
from seglab.models.unetpp import UNetPlusPlus

__all__ = [
    "DoubleConv",
    "Down",
    "Encoder",
    "UNet",
    "UNetPlusPlus",
    "Up",
    "count_parameters",
]
