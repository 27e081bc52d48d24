"""The parts of the Slicer module SuperResRadiomics, one concept a file.

Imported by ``SuperResRadiomics.py`` only. All science is in the package SuperResRadiomicsLib.
"""
